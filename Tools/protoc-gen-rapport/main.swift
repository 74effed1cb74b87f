import Glibc

// A protoc plugin: reads a CodeGeneratorRequest from standard input, answers on standard output.
// `make protos` shows how it is called. The parameter is `messages` (Swift values alone, for modules below RPC)
// or `services` (values, handler protocols and clients), then `,symbol=NAME`: the C symbol of the descriptor set,
// and `,comments`: the set keeps what is written above each declaration.

var request: [UInt8] = []
var chunk = [UInt8](repeating: 0, count: 1 << 16)
while case let count = read(0, &chunk, chunk.count), count > 0 { request += chunk[..<count] }

let response: PluginResponse
do {
    response = .files(try Generator(request: try PluginRequest(serialized: request)).files())
} catch {
    response = .error("\(error)")
}
var output = response.serialized()
while !output.isEmpty {
    let count = write(1, output, output.count)
    guard count > 0 else { exit(1) }
    output.removeFirst(count)
}
