import CProtobufC

/// Copies from protobuf-c's structs, which descriptors come in.
public enum Reading {
    /// A text, empty for NULL.
    public static func string(_ c: UnsafePointer<CChar>?) -> String {
        c.map { String(cString: $0) } ?? ""
    }

    /// A repeated field of texts.
    public static func strings(_ count: Int, _ c: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> [String] {
        UnsafeBufferPointer(start: c, count: c == nil ? 0 : count).map { string($0) }
    }
}
