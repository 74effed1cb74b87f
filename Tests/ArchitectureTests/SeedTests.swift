import FoundationEssentials
import Testing

/// docs/domain.md §1: each row of the seed has a test that names it.
@Suite("The seed")
struct SeedTests {
    static let rows =
        (1...51).map { $0 < 10 ? "S0\($0)" : "S\($0)" } + (1...5).map { "K\($0)" } + (1...3).map { "A\($0)" }

    /// Names of test functions, in Swift and in Python.
    static func testNames() throws -> [Substring] {
        try FileManager.default.subpathsOfDirectory(atPath: "\(FloorTests.root)/Tests")
            .filter { $0.hasSuffix(".swift") || $0.hasSuffix(".py") }
            .flatMap { file in
                let text = FileManager.default.contents(atPath: "\(FloorTests.root)/Tests/\(file)") ?? Data()
                return String(decoding: text, as: UTF8.self).split(separator: "\n").filter {
                    $0.contains("@Test") || $0.contains("@Suite") || $0.contains("def test_")
                }
            }
    }

    @Test(arguments: rows)
    func everyRowHasATestThatNamesIt(row: String) throws {
        let isNamed = try Self.testNames().contains { line in
            line.split { !($0.isLetter || $0.isNumber) }.contains { $0 == row }
        }
        #expect(isNamed, "\(row)")
    }
}
