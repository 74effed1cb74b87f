/// The identity of an evidence event: 16 bytes, ordered as bytes.
public struct EventID: Hashable, Comparable, Sendable {
    public var high: UInt64
    public var low: UInt64

    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The id in network byte order, or nil unless there are exactly 16 bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 16 else { return nil }
        high = bytes.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        low = bytes.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// 16 bytes in network byte order.
    public var bytes: [UInt8] {
        [high, low].flatMap { word in
            stride(from: 56, through: 0, by: -8).map { UInt8(truncatingIfNeeded: word >> $0) }
        }
    }

    public static func < (left: EventID, right: EventID) -> Bool {
        left.high != right.high ? left.high < right.high : left.low < right.low
    }
}

/// Who vouches for a fact, and by how much it counts therefore (docs/domain.md §3.3).
public enum SourceClass: String, CaseIterable, Sendable {
    case system = "SYS"
    case countersigned = "COUNTERSIGNED"
    case coachee = "COACHEE"
    case thirdParty = "THIRD_PARTY"
    case admin = "ADMIN"
    /// Claimed, and neither confirmed nor disputed in time.
    case unconfirmed = "UNCONFIRMED"
    /// The trustee's own word: positive only, and capped each week.
    case selfReport = "SELF_REPORT"

    /// δ, the source discount, in (0, 1].
    public var discount: Double {
        switch self {
        case .system, .countersigned, .coachee: 1
        case .thirdParty: 0.6
        case .admin, .unconfirmed: 0.5
        case .selfReport: 0.25
        }
    }
}

/// What a kind's value is computed from, where the kind does not fix it.
public enum Measure: Hashable, Sendable {
    case none
    /// Whole days from due to claim, 0...36 500, for commitment.kept_late.
    case daysLate(Int)
    /// The answer, 1...5, for pulse.*.
    case pulse(Int)
    /// The attainment level, −2...2, for goal.gas.
    case attainment(Int)
}

public enum EvidenceError: Error, Hashable, Sendable {
    /// v is outside [0, 1].
    case valueOutOfRange
    /// w is outside (0, 3].
    case weightOutOfRange
    /// The measure is missing, not the kind's, or out of its range.
    case measureInvalid
    /// Only commitments can be called trivial.
    case notTrivialisable
    /// A self-report may only be wholly positive (v = 1).
    case selfReportNotPositive
    /// Empty, or longer than `Evidence.maximumNameLength`.
    case sourceInvalid
    /// More than `Evidence.maximumReferences`, or one longer than `Evidence.maximumNameLength`.
    case referencesInvalid
    /// Outside `Instant.supported`.
    case instantOutOfRange
    /// An event cannot supersede itself.
    case supersedesItself
}

/// One event of the append-only log: how well an act deserved trust (`v`), and how much it weighs (`w`)
/// (docs/domain.md §3.2).
public struct Evidence: Hashable, Sendable {
    public let id: EventID
    public let kind: EvidenceKind
    /// How well the act deserved trust, 0...1.
    public let v: Double
    /// How much the act weighs, 0 < w ≤ 3.
    public let w: Double
    public let sourceClass: SourceClass
    /// The person whose act or statement is the source: the flood limit counts by person, never by resource.
    public let sourceID: String
    public let occurredAt: Instant
    public let recordedAt: Instant
    /// The event that this one replaces from its own `occurredAt` on.
    public let supersedes: EventID?
    /// Names of the resources behind the fact.
    public internal(set) var references: [String]

    public static let maximumNameLength = 256
    public static let maximumReferences = 16
    public static let maximumDaysLate = 36_500

    public var component: Component { kind.component }
    public var isBreach: Bool { kind.isBreach }

    /// Whether the trustor may accept a repair of it: a case opens for its kind and w ≥ 1 (docs/domain.md §3.6).
    public var isRepairable: Bool { kind.hasBreachCase && w >= 1 }

    /// Mass before the flood limits: w · δ.
    var mass: Double { w * sourceClass.discount }

    /// Evidence as stored; `make` derives v and w from the fact instead.
    public init(
        id: EventID, kind: EvidenceKind, v: Double, w: Double, sourceClass: SourceClass, sourceID: String,
        occurredAt: Instant, recordedAt: Instant, supersedes: EventID? = nil, references: [String] = []
    ) throws(EvidenceError) {
        guard v >= 0, v <= 1 else { throw .valueOutOfRange }
        guard w > 0, w <= 3 else { throw .weightOutOfRange }
        guard sourceClass != .selfReport || v == 1 else { throw .selfReportNotPositive }
        guard (1...Evidence.maximumNameLength).contains(sourceID.utf8.count) else { throw .sourceInvalid }
        guard references.count <= Evidence.maximumReferences,
            references.allSatisfy({ $0.utf8.count <= Evidence.maximumNameLength })
        else { throw .referencesInvalid }
        guard Instant.supported.contains(occurredAt), Instant.supported.contains(recordedAt) else {
            throw .instantOutOfRange
        }
        guard supersedes != id else { throw .supersedesItself }
        self.id = id
        self.kind = kind
        self.v = v
        self.w = w
        self.sourceClass = sourceClass
        self.sourceID = sourceID
        self.occurredAt = occurredAt
        self.recordedAt = recordedAt
        self.supersedes = supersedes
        self.references = references
    }

    /// Evidence of a fact, with v and w of the table in docs/domain.md §3.2.
    ///
    /// - Parameters:
    ///   - measure: what the value follows from; `.none` for kinds with a fixed value.
    ///   - isTrivial: the beneficiary called the commitment trivial, so w = 0.25.
    ///   - sourceClass: who vouches for it, when not the one of the table.
    public static func make(
        _ kind: EvidenceKind, id: EventID, measure: Measure = .none, isTrivial: Bool = false,
        sourceClass: SourceClass? = nil, sourceID: String, occurredAt: Instant, recordedAt: Instant,
        supersedes: EventID? = nil, references: [String] = []
    ) throws(EvidenceError) -> Evidence {
        guard !isTrivial || kind.canBeTrivial else { throw .notTrivialisable }
        return try Evidence(
            id: id, kind: kind, v: try kind.value(of: measure), w: isTrivial ? EvidenceKind.trivialWeight : kind.weight,
            sourceClass: sourceClass ?? kind.sourceClass, sourceID: sourceID, occurredAt: occurredAt,
            recordedAt: recordedAt, supersedes: supersedes, references: references)
    }

    /// The order of folding: by time, then by id.
    static func precedes(_ left: Evidence, _ right: Evidence) -> Bool {
        left.occurredAt != right.occurredAt ? left.occurredAt < right.occurredAt : left.id < right.id
    }
}

extension EvidenceKind {
    /// v of the fact, in 0...1.
    func value(of measure: Measure) throws(EvidenceError) -> Double {
        switch (value, measure) {
        case (.fixed(let value), .none): return value
        case (.daysLate, .daysLate(let days)) where (0...Evidence.maximumDaysLate).contains(days):
            return max(0.2, 0.8 - 0.1 * Double(days))
        case (.pulse, .pulse(let answer)) where (1...5).contains(answer): return Double(answer - 1) / 4
        case (.attainment, .attainment(let level)) where (-2...2).contains(level): return Double(level + 2) / 4
        default: throw .measureInvalid
        }
    }
}

/// The trustor accepted the trustee's repair of an event. It modifies its evidence and is no evidence itself.
public struct Repair: Hashable, Sendable {
    public var evidence: EventID
    /// The repair counts for every instant from here on.
    public var acceptedAt: Instant

    public init(evidence: EventID, acceptedAt: Instant) {
        self.evidence = evidence
        self.acceptedAt = acceptedAt
    }
}

/// The producer took an event back: it counts at no instant, as though it had never been appended.
public struct Retraction: Hashable, Sendable {
    public var evidence: EventID

    public init(evidence: EventID) {
        self.evidence = evidence
    }
}
