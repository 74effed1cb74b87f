/// An exact fraction in lowest terms, with a positive denominator. What does not fit is an error and never a rounding.
struct Rational: Hashable, Sendable {
    struct Overflow: Error {}

    let numerator: Int
    let denominator: Int

    static let zero = Rational(unchecked: 0, 1)
    static let one = Rational(unchecked: 1, 1)

    private init(unchecked numerator: Int, _ denominator: Int) {
        self.numerator = numerator
        self.denominator = denominator
    }

    init(_ integer: Int) {
        self.init(unchecked: integer, 1)
    }

    private init(_ numerator: Int, over denominator: Int) throws(Overflow) {
        guard numerator != .min, denominator != .min else { throw Overflow() }
        let divisor = Self.greatestCommonDivisor(abs(numerator), abs(denominator))
        let sign = denominator < 0 ? -1 : 1
        self.init(unchecked: sign * numerator / divisor, sign * denominator / divisor)
    }

    var isZero: Bool { numerator == 0 }

    static prefix func - (value: Rational) -> Rational {
        Rational(unchecked: -value.numerator, value.denominator)
    }

    func adding(_ other: Rational) throws(Overflow) -> Rational {
        if denominator == 1, other.denominator == 1 {
            return Rational(unchecked: try Self.sum(numerator, other.numerator), 1)
        }
        return try Rational(
            Self.sum(
                Self.product(numerator, other.denominator), Self.product(other.numerator, denominator)),
            over: Self.product(denominator, other.denominator))
    }

    func multiplied(by other: Rational) throws(Overflow) -> Rational {
        if denominator == 1, other.denominator == 1 {
            return Rational(unchecked: try Self.product(numerator, other.numerator), 1)
        }
        return try Rational(
            Self.product(numerator, other.numerator), over: Self.product(denominator, other.denominator))
    }

    /// Of what is not 0.
    func divided(by other: Rational) throws(Overflow) -> Rational {
        try Rational(
            Self.product(numerator, other.denominator), over: Self.product(denominator, other.numerator))
    }

    private static func sum(_ left: Int, _ right: Int) throws(Overflow) -> Int {
        let (value, overflow) = left.addingReportingOverflow(right)
        guard !overflow, value != .min else { throw Overflow() }
        return value
    }

    private static func product(_ left: Int, _ right: Int) throws(Overflow) -> Int {
        let (value, overflow) = left.multipliedReportingOverflow(by: right)
        guard !overflow, value != .min else { throw Overflow() }
        return value
    }

    private static func greatestCommonDivisor(_ left: Int, _ right: Int) -> Int {
        var (a, b) = (left, right)
        while b != 0 { (a, b) = (b, a % b) }
        return max(a, 1)
    }
}
