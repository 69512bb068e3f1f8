"""A SPIFFE Workload API client in another language, on Debian's python3-grpcio.

It knows nothing of the API but its names: the messages come from the server itself, by gRPC server reflection. Prints one
JSON object: what it heard, or the gRPC status that refused it.

    workload_api.py SOCKET x509 | watch COUNT | bundles | jwt AUDIENCE | validate AUDIENCE TOKEN | services
"""

import hashlib
import json
import sys

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

FIELD = descriptor_pb2.FieldDescriptorProto


def field(name, number, kind, repeated=False, type_name=None):
    made = FIELD(name=name, number=number, type=kind, label=FIELD.LABEL_REPEATED if repeated else FIELD.LABEL_OPTIONAL)
    if type_name:
        made.type_name = type_name
    return made


def reflection_messages(package):
    """The few messages of reflection that are needed to ask for all the others."""
    file = descriptor_pb2.FileDescriptorProto(name=package + ".proto", package=package, syntax="proto3")

    def message(name, *fields):
        file.message_type.add(name=name).field.extend(fields)

    message("Request", field("file_containing_symbol", 4, FIELD.TYPE_STRING), field("list_services", 7, FIELD.TYPE_STRING))
    message("Files", field("file_descriptor_proto", 1, FIELD.TYPE_BYTES, True))
    message("Service", field("name", 1, FIELD.TYPE_STRING))
    message("Services", field("service", 1, FIELD.TYPE_MESSAGE, True, f".{package}.Service"))
    message(
        "Response",
        field("files", 4, FIELD.TYPE_MESSAGE, False, f".{package}.Files"),
        field("services", 6, FIELD.TYPE_MESSAGE, False, f".{package}.Services"),
    )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    classes = message_factory.GetMessageClassesForFiles([file.name], pool) if hasattr(
        message_factory, "GetMessageClassesForFiles"
    ) else message_factory.MessageFactory(pool).GetMessages([file.name])
    return classes[f"{package}.Request"], classes[f"{package}.Response"]


def reflect(channel, version, **asked):
    request, response = reflection_messages(f"asked.{version}")
    call = channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=request.SerializeToString,
        response_deserializer=response.FromString,
    )
    return next(call(iter([request(**asked)]), timeout=10))


class Api:
    """SpiffeWorkloadAPI, as the server describes it."""

    def __init__(self, channel):
        self.channel = channel
        answer = reflect(channel, "v1alpha", file_containing_symbol="SpiffeWorkloadAPI")
        pool = descriptor_pool.DescriptorPool()
        files = [descriptor_pb2.FileDescriptorProto.FromString(one) for one in answer.files.file_descriptor_proto]
        for file in reversed(files):  # what it builds on comes after it
            pool.Add(file)
        self.service = pool.FindServiceByName("SpiffeWorkloadAPI")
        self.factory = message_factory.MessageFactory(pool)

    def _class(self, descriptor):
        if hasattr(message_factory, "GetMessageClass"):
            return message_factory.GetMessageClass(descriptor)
        return self.factory.GetPrototype(descriptor)

    def call(self, name, stream, metadata=(("workload.spiffe.io", "true"),), **fields):
        method = self.service.methods_by_name[name]
        request, response = self._class(method.input_type), self._class(method.output_type)
        make = self.channel.unary_stream if stream else self.channel.unary_unary
        call = make(
            f"/SpiffeWorkloadAPI/{name}",
            request_serializer=request.SerializeToString,
            response_deserializer=response.FromString,
        )
        return call(request(**fields), timeout=60, metadata=metadata)


def described(message):
    return [
        {
            "id": svid.spiffe_id,
            "hint": svid.hint,
            "chain": hashlib.sha256(svid.x509_svid).hexdigest(),
            "keyBytes": len(svid.x509_svid_key),
            "bundleBytes": len(svid.bundle),
        }
        for svid in message.svids
    ]


def main(socket, what, *args):
    with grpc.insecure_channel(f"unix://{socket}") as channel:
        if what == "services":
            names = [one.name for one in reflect(channel, "v1", list_services="*").services.service]
            return {"services": names}
        api = Api(channel)
        if what == "x509":
            return {"svids": described(next(api.call("FetchX509SVID", True)))}
        if what == "bare":
            return {"svids": described(next(api.call("FetchX509SVID", True, metadata=())))}
        if what == "watch":
            seen = []
            for message in api.call("FetchX509SVID", True):
                seen.append(described(message))
                if len(seen) >= int(args[0]):
                    return {"messages": seen}
        if what == "bundles":
            x509 = next(api.call("FetchX509Bundles", True)).bundles
            jwt = next(api.call("FetchJWTBundles", True)).bundles
            return {
                "x509": {name: len(value) for name, value in x509.items()},
                "jwt": {name: json.loads(value) for name, value in jwt.items()},
            }
        if what == "jwt":
            answer = api.call("FetchJWTSVID", False, audience=list(args))
            return {"svids": [{"id": one.spiffe_id, "token": one.svid} for one in answer.svids]}
        if what == "validate":
            answer = api.call("ValidateJWTSVID", False, audience=args[0], svid=args[1])
            return {"id": answer.spiffe_id, "audience": answer.claims["aud"]}
    raise SystemExit(f"what is {what}?")


try:
    print(json.dumps(main(*sys.argv[1:])))
except grpc.RpcError as error:
    print(json.dumps({"code": error.code().name, "words": error.details()}))
