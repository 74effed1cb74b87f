import Glibc

// fuzzer TARGET [libFuzzer's own arguments]
// fuzzer TARGET --seeds FOLDER    writes the inputs that were made by hand

@_silgen_name("LLVMFuzzerRunDriver")
func runDriver(
    _ count: UnsafeMutablePointer<Int32>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> Int32
) -> Int32

let names = FuzzTarget.allCases.map(\.rawValue).joined(separator: "|")
nonisolated(unsafe) var target = FuzzTarget.server
let isNamed = CommandLine.arguments.count > 1 && FuzzTarget(rawValue: CommandLine.arguments[1]) != nil
let name = isNamed ? CommandLine.arguments[1] : getenv("FUZZ_TARGET").map { String(cString: $0) } ?? ""
guard let chosen = FuzzTarget(rawValue: name) else {
    print("usage: fuzzer \(names) [arguments of libFuzzer | --seeds FOLDER]")
    exit(64)
}
target = chosen

if CommandLine.arguments.count == 4, CommandLine.arguments[2] == "--seeds" {
    for (name, input) in target.seeds {
        let path = "\(CommandLine.arguments[3])/\(name)"
        guard let file = fopen(path, "w"), fwrite(input, 1, input.count, file) == input.count, fclose(file) == 0 else {
            print("\(path) cannot be written")
            exit(74)
        }
    }
    exit(0)
}

// A merge starts this program again without our argument.
setenv("FUZZ_TARGET", target.rawValue, 1)
// libFuzzer counts the program's name and does not want ours for the target.
var arguments: [UnsafeMutablePointer<CChar>?] =
    CommandLine.arguments.enumerated()
    .filter { !isNamed || $0.offset != 1 }.map { strdup($0.element) } + [nil]
var count = Int32(arguments.count - 1)
let code = arguments.withUnsafeMutableBufferPointer { buffer in
    var start = buffer.baseAddress!
    return runDriver(&count, &start) { start, count in
        do {
            try target.run([UInt8](UnsafeBufferPointer(start: start, count: count)))
        } catch {
            fatalError("\(target) does not hold: \(error)")
        }
        return 0
    }
}
exit(code)
