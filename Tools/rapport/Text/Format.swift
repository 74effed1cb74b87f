/// Numbers and bars as text.
enum Format {
    /// Rounded to so many decimals, 0 to 9; a negative zero loses its sign.
    static func fixed(_ value: Double, _ decimals: Int) -> String {
        let scale = (0..<decimals).reduce(1) { scale, _ in scale * 10 }
        let units = Int64((value.magnitude * Double(scale)).rounded())
        let sign = value < 0 && units != 0 ? "-" : ""
        guard decimals > 0 else { return "\(sign)\(units)" }
        let fraction = String(units % Int64(scale))
        let zeros = String(repeating: "0", count: decimals - fraction.count)
        return "\(sign)\(units / Int64(scale)).\(zeros)\(fraction)"
    }

    /// A share of T as points of 100, always with its sign.
    static func points(_ share: Double) -> String {
        let text = fixed(share * 100, 2)
        return text.hasPrefix("-") ? text : "+\(text)"
    }

    /// For example `0.42 s`.
    static func seconds(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        return "\(fixed(Double(seconds) + Double(attoseconds) / 1e18, 2)) s"
    }

    /// For example `812 B` or `1.4 MB`, a megabyte being a million bytes.
    static func bytes(_ count: Int64) -> String {
        let units = ["kB", "MB", "GB", "TB"]
        guard count >= 1000 else { return "\(count) B" }
        var (value, unit) = (Double(count) / 1000, 0)
        while value >= 999.95, unit < units.count - 1 { (value, unit) = (value / 1000, unit + 1) }
        return "\(fixed(value, 1)) \(units[unit])"
    }

    /// In the largest whole unit, for example `3 h`.
    static func age(seconds: Int64) -> String {
        for (unit, length) in [("d", 86_400), ("h", 3600), ("min", 60)] as [(String, Int64)] where seconds >= 2 * length
        {
            return "\(seconds / length) \(unit)"
        }
        return "\(seconds) s"
    }

    /// A probability as a whole number of 100.
    static func percent(_ probability: Double) -> String { fixed(probability * 100, 0) }

    /// Filled in proportion to a value in 0...1.
    static func bar(_ value: Double, width: Int = 20) -> String {
        let filled = Int((min(max(value, 0), 1) * Double(width)).rounded())
        return String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    }

    static func left(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - text.count))
    }

    static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
