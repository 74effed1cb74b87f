/// What a case wanted and did not get.
struct Disappointment: Error, CustomStringConvertible {
    let description: String
}

func expect(_ holds: Bool, _ what: @autoclosure () -> String, line: Int = #line) throws {
    guard holds else { throw Disappointment(description: "line \(line): \(what())") }
}

func expectEqual<Value: Equatable>(_ found: Value, _ wanted: Value, line: Int = #line) throws {
    guard found == wanted else { throw Disappointment(description: "line \(line): \(found) is not \(wanted)") }
}
