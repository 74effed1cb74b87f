/// Numbers as text.
enum Format {
    /// Rounded to so many decimals, 0 to 9, thousands apart.
    static func fixed(_ value: Double, _ decimals: Int) -> String {
        let scale = (0..<decimals).reduce(1) { scale, _ in scale * 10 }
        let units = Int64((value.magnitude * Double(scale)).rounded())
        let whole = grouped(units / Int64(scale))
        let sign = value < 0 && units != 0 ? "-" : ""
        guard decimals > 0 else { return sign + whole }
        let fraction = String(units % Int64(scale))
        return "\(sign)\(whole).\(String(repeating: "0", count: decimals - fraction.count))\(fraction)"
    }

    private static func grouped(_ number: Int64) -> String {
        let digits = Array(String(number))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return text
    }

    static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }

    static func milliseconds(_ value: Double) -> String { "\(fixed(value, value < 10 ? 2 : 1)) ms" }

    static func megabytes(_ bytes: Double) -> String { "\(fixed(bytes / 1_048_576, 1)) MiB" }
}
