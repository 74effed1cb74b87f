import Simulation
import Standard

/// A simulated organisation under the names and dates that the suite knows it by.
struct SimulatedOrganization: Sendable {
    let parameters: Parameters
    let organization: Organization
    /// organizations/{organization}
    let name: String
    /// The pairs begin on this day.
    let dayZero: CalendarDay

    init(_ description: SimulationFolder.Description) throws {
        guard let day = CalendarDay(description.dayZero) else {
            throw Failure("\(description.dayZero) is no day: the folder's organisation.json was changed")
        }
        parameters = description.parameters
        organization = Organization(description.parameters)
        name = description.organization
        dayZero = day
    }

    func person(_ number: Int) -> String { "\(name)/people/p\(number)" }
    func programme(cadenceDays: Int) -> String { "\(name)/programmes/every-\(cadenceDays)-days" }
    var administrator: String { "\(name)/people/admin" }

    func time(_ day: Double) -> Timestamp {
        Timestamp(seconds: dayZero.at().seconds + Int64((day * 86_400).rounded()))
    }

    /// Weeks from the start of the pairs.
    func week(of time: Timestamp) -> Double {
        Double(time.seconds - dayZero.at().seconds) / (7 * 86_400)
    }

    func requestID(_ thing: String, step: String) -> String {
        Posting.requestID("\(name)/\(thing)", dayZero: dayZero, step: step)
    }
}
