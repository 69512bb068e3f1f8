"""Asks an ext_authz server as Envoy does, with Google's own gRPC: messages come and go as bytes. Arguments: address,
roots, certificate, key (PEM files), then one hex CheckRequest each. Prints one hex CheckResponse, or the error's code, a line."""
import sys
import grpc

address, roots, certificate, key, *checks = sys.argv[1:]


def read(path):
    with open(path, "rb") as file:
        return file.read()


credentials = grpc.ssl_channel_credentials(read(roots), read(key), read(certificate))
options = [("grpc.ssl_target_name_override", "localhost")]
with grpc.secure_channel(address, credentials, options) as channel:
    call = channel.unary_unary("/envoy.service.auth.v3.Authorization/Check")
    for check in checks:
        try:
            print(call(bytes.fromhex(check), timeout=20).hex())
        except grpc.RpcError as error:
            print(error.code().name)
