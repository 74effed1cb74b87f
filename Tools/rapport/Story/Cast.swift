import Schema

/// A person of the demo. Every name is invented.
struct Persona: Sendable, Hashable {
    let id: String
    let displayName: String
    let unit: String
    let level: Int32
    /// Id of the line manager.
    var manager: String?

    var name: String { "\(Cast.organization)/people/\(id)" }
}

/// A programme of the demo.
struct DemoProgramme: Sendable {
    let id: String
    let displayName: String
    let kind: Programme.Kind
    let intervalDays: Int32

    var name: String { "\(Cast.organization)/programmes/\(id)" }
}

/// The people and programmes of the demo: the sales team East of a maker of components (docs/domain.md §8.1).
enum Cast {
    static let organization = "organizations/demo"

    static let coachee = Persona(
        id: "mira", displayName: "Mira Ostwald", unit: "Sales East", level: 5, manager: "ruth")
    static let coach = Persona(id: "jonas", displayName: "Jonas Brandt", unit: "Sales Enablement", level: 4)
    static let manager = Persona(id: "ruth", displayName: "Ruth Adler", unit: "Sales East", level: 4)
    static let programmeAdmin = Persona(id: "tomas", displayName: "Tomas Lind", unit: "People Development", level: 4)
    static let hrLead = Persona(id: "ines", displayName: "Ines Moreau", unit: "People Development", level: 2)
    static let strongCoachee = Persona(
        id: "leo", displayName: "Leo Hartmann", unit: "Sales East", level: 5, manager: "ruth")
    static let newCoachee = Persona(
        id: "aylin", displayName: "Aylin Demir", unit: "Sales East", level: 5, manager: "ruth")
    static let mentor = Persona(id: "clara", displayName: "Clara Voss", unit: "Key Accounts", level: 3)
    static let mentee = Persona(id: "ben", displayName: "Ben Okafor", unit: "Sales East", level: 6, manager: "ruth")

    static let everybody = [
        hrLead, programmeAdmin, manager, coach, mentor, coachee, strongCoachee, newCoachee, mentee,
    ]

    static let coaching = DemoProgramme(
        id: "sales-coaching", displayName: "Sales coaching", kind: .coaching, intervalDays: 7)
    static let mentoring = DemoProgramme(id: "mentoring", displayName: "Mentoring", kind: .mentoring, intervalDays: 14)

    static let programmes = [coaching, mentoring]
}

/// The roles that a visitor can play, each with a token of its own.
enum DemoRole: String, CaseIterable, Sendable, Codable {
    case coachee
    case coach
    case manager
    case programmeAdmin = "programme-admin"
    case hrLead = "hr-lead"

    var persona: Persona {
        switch self {
        case .coachee: Cast.coachee
        case .coach: Cast.coach
        case .manager: Cast.manager
        case .programmeAdmin: Cast.programmeAdmin
        case .hrLead: Cast.hrLead
        }
    }

    /// The role claim.
    var claim: String {
        switch self {
        case .coachee: "coachee"
        case .coach: "coach"
        case .manager: "manager"
        case .programmeAdmin: "programme_admin"
        case .hrLead: "hr_lead"
        }
    }

    /// The purpose claim: trust content needs coaching (docs/domain.md §6.9).
    var purpose: String {
        switch self {
        case .coachee, .coach, .manager: "coaching"
        case .programmeAdmin, .hrLead: "programme_admin"
        }
    }
}
