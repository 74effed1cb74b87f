import Schema

extension Change {
    /// At ENDED nothing more falls due (docs/domain.md rule 28); what fell due before that instant still happens, however
    /// late it is noticed.
    public var isAfterEnd: Bool {
        get throws {
            guard relationship.state == .ended else { return false }
            // ENDED is final: nothing touches the relationship afterwards.
            return try relationship.updateTime.map { try now > Instant($0) } ?? true
        }
    }
}
