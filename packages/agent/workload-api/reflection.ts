/**
 * gRPC server reflection, v1 and v1alpha: what this socket serves, in protobuf's own words. In: the files of the services.
 * Out: the reflection services. It tells what every SPIFFE agent serves, so everybody may ask.
 *
 * @see SPIFFE Workload Endpoint, section 5 (reflection SHOULD be offered)
 */
import { create, toBinary, type DescFile, type DescService } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Code, type ServiceImpl } from "@connectrpc/connect";
import type { ServerReflection as AlphaReflection } from "../proto/generated/reflection_alpha_pb.ts";
import { ServerReflectionResponseSchema as AlphaResponse } from "../proto/generated/reflection_alpha_pb.ts";
import {
  ServerReflectionResponseSchema,
  type ServerReflection,
  type ServerReflectionRequest,
} from "../proto/generated/reflection_pb.ts";

/** The answer of both versions; their messages differ in nothing but the package's name. */
interface Answer {
  readonly validHost: string;
  readonly messageResponse:
    | { readonly case: "fileDescriptorResponse"; readonly value: { readonly fileDescriptorProto: Uint8Array[] } }
    | { readonly case: "listServicesResponse"; readonly value: { readonly service: { readonly name: string }[] } }
    | { readonly case: "errorResponse"; readonly value: { readonly errorCode: number; readonly errorMessage: string } };
}

export interface Reflection {
  readonly v1: ServiceImpl<typeof ServerReflection>;
  readonly v1alpha: ServiceImpl<typeof AlphaReflection>;
}

export function reflectionOf(services: readonly DescService[]): Reflection {
  const files = new Map<string, DescFile>();
  const add = (file: DescFile): void => {
    if (files.has(file.proto.name)) return;
    files.set(file.proto.name, file);
    for (const dependency of file.dependencies) add(dependency);
  };
  for (const { file } of services) add(file);
  const answer = (request: Pick<ServerReflectionRequest, "host" | "messageRequest">): Answer => ({
    validHost: request.host,
    messageResponse: answerTo(request.messageRequest, services, files),
  });
  return {
    v1: {
      async *serverReflectionInfo(requests) {
        for await (const request of requests)
          yield create(ServerReflectionResponseSchema, { originalRequest: request, ...answer(request) });
      },
    },
    v1alpha: {
      async *serverReflectionInfo(requests) {
        for await (const request of requests)
          yield create(AlphaResponse, {
            originalRequest: request,
            ...answer(request as unknown as ServerReflectionRequest),
          });
      },
    },
  };
}

function answerTo(
  request: ServerReflectionRequest["messageRequest"],
  services: readonly DescService[],
  files: ReadonlyMap<string, DescFile>,
): Answer["messageResponse"] {
  switch (request.case) {
    case "listServices":
      return {
        case: "listServicesResponse",
        value: { service: services.map(({ typeName }) => ({ name: typeName })) },
      };
    case "fileByFilename":
      return fileAnswer(files.get(request.value), request.value, files);
    case "fileContainingSymbol":
      return fileAnswer(
        [...files.values()].find((file) => declares(file, request.value)),
        request.value,
        files,
      );
    case "fileContainingExtension":
    case "allExtensionNumbersOfType":
    case undefined:
      return failure(Code.Unimplemented, "extensions are not used here");
  }
}

function declares(file: DescFile, symbol: string): boolean {
  return (
    file.messages.some(({ typeName }) => typeName === symbol) ||
    file.services.some(
      ({ typeName, methods }) => typeName === symbol || methods.some(({ name }) => `${typeName}.${name}` === symbol),
    )
  );
}

/** The file with everything that it builds on, as grpc's own servers answer. */
function fileAnswer(
  file: DescFile | undefined,
  wanted: string,
  files: ReadonlyMap<string, DescFile>,
): Answer["messageResponse"] {
  if (file === undefined) return failure(Code.NotFound, `\`${wanted.slice(0, 200)}\` is not known`);
  const found = new Set<DescFile>([file]);
  for (const one of found)
    for (const { proto } of one.dependencies) {
      const dependency = files.get(proto.name);
      if (dependency !== undefined) found.add(dependency);
    }
  const fileDescriptorProto = [...found].map((one) => toBinary(FileDescriptorProtoSchema, one.proto));
  return { case: "fileDescriptorResponse", value: { fileDescriptorProto } };
}

function failure(errorCode: number, errorMessage: string): Answer["messageResponse"] {
  return { case: "errorResponse", value: { errorCode, errorMessage } };
}
