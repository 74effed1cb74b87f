/// What somebody offers to a programme in one role, and what is known of them beside it: all that matching looks at
/// (docs/domain.md §6.1). Trust is not here, and this module imports nothing that knows it.
public struct Participant: Codable, Hashable, Sendable {
    /// Unique among the coachees and among the coaches; one person may be both.
    public var id: String
    public var isActive: Bool
    /// Relationships that the person wants in this role, 1 or more.
    public var capacity: Int
    /// How many of them are taken, begun or asked for.
    public var load: Int
    public var topics: [String]
    public var goals: [String]
    /// BCP 47 tags, the preferred one first; empty when unknown.
    public var languages: [String]
    /// When the person can meet; nil when unknown.
    public var hours: Hours?
    /// Days since 1970-01-01 at which the person enrolled: among equal coachees the earlier one comes first.
    public var enrolled: Int
    /// The managers above the person.
    public var reportingLine: [String]
    /// Whom the person must not be matched with.
    public var conflicts: [String]
    /// Whom the person would rather have than anybody else, the dearest first.
    public var preferences: [String]
    /// Of a coachee: the coaches with whom something is open in this programme.
    public var partners: [String]
    /// Of a coachee: the coaches with whom it ended, or one of the two declined.
    public var formerPartners: [String]

    public init(
        id: String, isActive: Bool = true, capacity: Int = 1, load: Int = 0, topics: [String] = [],
        goals: [String] = [], languages: [String] = [], hours: Hours? = nil, enrolled: Int = 0,
        reportingLine: [String] = [], conflicts: [String] = [], preferences: [String] = [], partners: [String] = [],
        formerPartners: [String] = []
    ) {
        self.id = id
        self.isActive = isActive
        self.capacity = capacity
        self.load = load
        self.topics = topics
        self.goals = goals
        self.languages = languages
        self.hours = hours
        self.enrolled = enrolled
        self.reportingLine = reportingLine
        self.conflicts = conflicts
        self.preferences = preferences
        self.partners = partners
        self.formerPartners = formerPartners
    }

    /// 0 or more.
    public var free: Int { max(0, capacity - load) }
}
