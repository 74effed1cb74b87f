import FoundationEssentials

/// Where this program lies: the five services lie beside it.
enum Binaries {
    static func directory() throws -> String {
        let path = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        return path[..<(path.lastIndex(of: "/") ?? path.startIndex)].description
    }
}
