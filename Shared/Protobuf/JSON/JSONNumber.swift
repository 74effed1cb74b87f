/// The grammar of numbers (RFC 8259 §6) and their exact value.
enum JSONNumber {
    /// The end of the number that starts at `start`; nil when there is none.
    static func end(in text: [UInt8], from start: Int) -> Int? {
        var index = start
        func digits() -> Int {
            let first = index
            while index < text.count, isDigit(text[index]) { index += 1 }
            return index - first
        }
        func take(_ characters: Unicode.Scalar...) -> Bool {
            guard index < text.count, characters.contains(Unicode.Scalar(text[index])) else { return false }
            index += 1
            return true
        }
        _ = take("-")
        if !take("0"), digits() == 0 { return nil }
        if take("."), digits() == 0 { return nil }
        if take("e", "E") {
            _ = take("+", "-")
            if digits() == 0 { return nil }
        }
        // "01" is two numbers, of which the grammar knows no list.
        return index < text.count && isDigit(text[index]) ? nil : index
    }

    static func isNumber(_ text: String) -> Bool {
        let utf8 = [UInt8](text.utf8)
        return end(in: utf8, from: 0) == utf8.count
    }

    /// The value of a number's spelling when it is an integer of at most 25 digits: "1e3" and "1.0" are integers.
    static func integer(_ text: String) -> Int128? {
        guard isNumber(text) else { return nil }
        let isNegative = text.hasPrefix("-")
        let parts = text.drop { $0 == "-" }.split(separator: "e", omittingEmptySubsequences: false)
            .flatMap { $0.split(separator: "E", omittingEmptySubsequences: false) }
        let mantissa = parts[0].split(separator: ".")
        let fraction = mantissa.count > 1 ? mantissa[1] : ""
        var digits = [UInt8]((mantissa[0] + fraction).utf8).drop { $0 == UInt8(ascii: "0") }
        if digits.isEmpty { return 0 }
        guard var exponent = parts.count > 1 ? Int(parts[1]) : 0, abs(exponent) < 1_000_000_000 else { return nil }
        exponent -= fraction.utf8.count
        while exponent < 0 {
            guard digits.popLast() == UInt8(ascii: "0") else { return nil }
            exponent += 1
        }
        guard digits.count + exponent <= 25 else { return nil }
        let magnitude = (digits + [UInt8](repeating: UInt8(ascii: "0"), count: exponent))
            .reduce(Int128(0)) { $0 * 10 + Int128($1 - UInt8(ascii: "0")) }
        return isNegative ? -magnitude : magnitude
    }

    /// JSON has no NaN and no infinities: protobuf spells them as strings.
    static func text(_ value: Double) -> String? {
        value.isFinite ? trimmed(value.description) : nil
    }

    static func text(_ value: Float) -> String? {
        value.isFinite ? trimmed(value.description) : nil
    }

    private static func trimmed(_ text: String) -> String {
        text.hasSuffix(".0") ? String(text.dropLast(2)) : text
    }

    private static func isDigit(_ byte: UInt8) -> Bool {
        byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
    }
}
