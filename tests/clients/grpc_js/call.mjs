// Calls one gRPC method with raw bytes and prints what came of it as JSON.
// usage: node call.mjs HOST:PORT /package.Service/Method BASE64_MESSAGE [DEADLINE_MS] [identity|gzip]
import { createRequire } from "node:module";
import process from "node:process";

const grpc = createRequire(process.env.GRPC_JS_FOLDER + "/")("@grpc/grpc-js");
const [address, path, message, deadline = "10000", encoding = "identity"] = process.argv.slice(2);
const algorithm = grpc.compressionAlgorithms[encoding];
const client = new grpc.Client(address, grpc.credentials.createInsecure(), {
  "grpc.default_compression_algorithm": algorithm,
  "grpc.max_receive_message_length": -1,
});
const asIs = (bytes) => bytes;
const options = { deadline: Date.now() + Number(deadline) };
const metadata = new grpc.Metadata();
metadata.set("seldon-puid", "js");

client.makeUnaryRequest(path, asIs, asIs, Buffer.from(message, "base64"), metadata, options, (error, reply) => {
  const code = error ? error.code : 0;
  const body = reply ? reply.toString("base64") : null;
  console.log(JSON.stringify({ code, details: error ? error.details : "", body }));
  client.close();
});
