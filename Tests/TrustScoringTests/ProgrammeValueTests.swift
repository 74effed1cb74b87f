import RPC
import Schema
import ServiceKit
import Standard
import Testing
import TrustModel

@testable import TrustScoring

/// What a programme has changed (docs/domain.md S51).
@Suite struct ProgrammeValueTests {
    private static let name = "\(RollupOrganization.name)/rollups/2026-09/programmeValue"

    /// G-29's organisation in August and in September.
    private func twoMonths() async throws -> RollupOrganization {
        let acme = try await RollupOrganization()
        try await acme.settle()
        try await acme.publish()
        acme.set(now: 123)
        try await acme.publish()
        return acme
    }

    private func value(
        _ acme: RollupOrganization, baseline: String = "", unit: String = ""
    ) async throws -> ProgrammeValue {
        try await acme.service.getProgrammeValue(
            GetProgrammeValueRequest(name: Self.name, baseline: baseline, unit: unit), acme.administrator)
    }

    @Test("S51: every number is one that a roll-up shows; the change has its interval, and what is suppressed says why")
    func beforeAndAfter() async throws {
        let acme = try await twoMonths()
        let value = try await value(acme)
        #expect(value.baseline == acme.rollupName() && value.caution.contains("no proof of an effect"))
        #expect(value.baselineTime == day(92).timestamp && value.endTime == day(122).timestamp)
        let units = value.lines.map(\.unit)
        #expect(Set(units) == ["", "Coaches", "Eng", "Fin", "HR", "Ops", "Sales"] && units.first == "")
        #expect(value.lines.count == 7 * 21 && !value.truncated)
        for line in value.lines {
            let (before, after) = (try #require(line.before), try #require(line.after))
            #expect(try await acme.cell(line.unit).figure(after.metric) == before)
            #expect(try await acme.cell(line.unit, month: "2026-09").figure(after.metric) == after)
            guard let from = before.value?.value, let to = after.value?.value, before.asOf != after.asOf else {
                #expect(line.change == nil && line.changeInterval == nil)
                continue
            }
            let change = try #require(line.change?.value)
            #expect(near(change, to - from, 1e-9))
            #expect((line.changeInterval != nil) == (before.interval != nil && after.interval != nil))
            if let interval = line.changeInterval { #expect(interval.lower <= change && change <= interval.upper) }
        }
        let trust = try #require(value.lines.first { $0.unit == "" && $0.after?.metric == .trustLevel })
        #expect(trust.changeInterval != nil)
        let small = try #require(value.lines.first { $0.unit == "Ops" })
        #expect(small.before?.reason == .tooFewCoachees && small.after?.reason == .tooFewCoachees)
    }

    @Test func ofAUnitAndThoseDirectlyBelow() async throws {
        let acme = try await twoMonths()
        let below = try await value(acme, baseline: "2026-08", unit: " Sales ")
        #expect(Set(below.lines.map(\.unit)) == ["Sales", "Sales/Key", "Sales/N", "Sales/S"])
        #expect(below.lines.first?.unit == "Sales")
        #expect(await reason { try await value(acme, unit: "Nowhere") } == "NOT_FOUND")
        for month in ["2026-09", "2026-10", "2025-01", "x"] {
            #expect(await reason { try await value(acme, baseline: month) } == "INVALID_FIELD")
        }
        let first = GetProgrammeValueRequest(name: acme.rollupName() + "/programmeValue")
        #expect(await reason { try await acme.service.getProgrammeValue(first, acme.administrator) } == "WRONG_STATE")
        let programme = GetProgrammeValueRequest(
            name: Self.name, programme: "\(RollupOrganization.name)/programmes/x")
        #expect(
            await reason { try await acme.service.getProgrammeValue(programme, acme.administrator) }
                == "ROLLUP_DIMENSION")
    }

    @Test func onlyWhoMakesRollupsAndWhoChecksThem() async throws {
        let acme = try await twoMonths()
        let (get, export) = (
            GetProgrammeValueRequest(name: Self.name), ExportProgrammeValueRequest(name: Self.name, format: .csv)
        )
        func denied(_ context: ServerContext) async -> [String?] {
            [
                await reason { try await acme.service.getProgrammeValue(get, context) },
                await reason { try await acme.service.exportProgrammeValue(export, context) },
            ]
        }
        #expect(await denied(acme.administrator) == [nil, nil])
        #expect(await denied(acme.auditor) == [nil, nil])
        #expect(await denied(acme.somebody) == ["ROLE_FORBIDDEN", "ROLE_FORBIDDEN"])
        let stranger = acme.host.context(
            person: "organizations/other/people/admin", purpose: "programme_admin", roles: ["programme_admin"])
        #expect(await denied(stranger) == ["NOT_PARTY", "NOT_PARTY"])
    }

    // MARK: Documents

    private func export(
        _ acme: RollupOrganization, _ format: ExportProgrammeValueRequest.Format
    ) async throws -> HttpBody {
        try await acme.service.exportProgrammeValue(
            ExportProgrammeValueRequest(name: Self.name, format: format), acme.administrator)
    }

    @Test("S51: the CSV has the intervals, and what is suppressed is marked") func csv() async throws {
        let acme = try await twoMonths()
        let body = try await export(acme, .csv)
        #expect(body.contentType == "text/csv; charset=utf-8")
        let rows = String(decoding: body.data, as: UTF8.self).split(separator: "\r\n").map {
            $0.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        }
        #expect(rows.first == ValueTable.columns && rows.count == 1 + 7 * 21)
        #expect(rows.allSatisfy { $0.count == ValueTable.columns.count })
        func row(_ unit: String) throws -> [String: String] {
            let row = try #require(rows.first { $0[0] == unit && $0[2] == "TRUST_LEVEL" })
            return Dictionary(uniqueKeysWithValues: zip(ValueTable.columns, row))
        }
        let whole = try row("")
        let figure = try await acme.cell("").figure(.trustLevel)
        for (column, number) in [
            ("before", figure.value?.value), ("before_lower", figure.interval?.lower),
            ("before_upper", figure.interval?.upper),
        ] {
            let told = try #require(whole[column].flatMap { Double($0) })
            #expect(try near(told, #require(number), 1e-9), "\(column)")
        }
        #expect(whole["before_month"] == "2026-08" && whole["after_month"] == "2026-09")
        #expect(["change", "change_lower", "change_upper"].allSatisfy { whole[$0]?.isEmpty == false })
        let small = try row("Ops")
        #expect(small["before_suppressed"] == "TOO_FEW_COACHEES" && small["after_suppressed"] == "TOO_FEW_COACHEES")
        #expect(["before", "before_lower", "after", "change"].allSatisfy { small[$0] == "" })
    }

    @Test("S51: the PDF has the intervals, and what is suppressed is marked") func pdf() async throws {
        let acme = try await twoMonths()
        let body = try await export(acme, .pdf)
        #expect(body.contentType == "application/pdf")
        let text = String(decoding: body.data, as: UTF8.self)
        let figure = try await acme.cell("").figure(.trustLevel)
        let metric = RollupCell.Metric.trustLevel
        let interval = try #require(figure.interval)
        let number =
            "(\(metric.text(figure.value?.value)) \\(\(metric.text(interval.lower)) to \(metric.text(interval.upper))\\))"
        #expect(text.contains(number), "\(number)")
        #expect(text.contains("(withheld: too few coachees)"))
        #expect(text.contains("(Whole organisation)") && text.contains("(2026-08)") && text.contains("(2026-09)"))
        #expect(text.contains("no proof of an effect"))
        try checkObjects(of: body.data)
        #expect(try await export(acme, .pdf).data == body.data, "the same bytes every time")
        #expect(await reason { try await export(acme, .unspecified) } == "INVALID_FIELD")
    }

    /// Every object begins where the table says.
    private func checkObjects(of file: [UInt8]) throws {
        // One character a byte, so that places are offsets.
        let text = file.map { Character(Unicode.Scalar($0)) }
        let lines = String(text).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.first == "%PDF-1.4" && lines.suffix(2).first == "%%EOF")
        let start = try #require(lines.firstIndex(of: "startxref").flatMap { Int(lines[$0 + 1]) })
        #expect(String(text[start..<(start + 4)]) == "xref")
        let table = try #require(lines.firstIndex(of: "xref"))
        let count = try #require(lines[table + 1].split(separator: " ").last.flatMap { Int($0) })
        for number in 1..<count {
            let entry = lines[table + 2 + number]
            #expect(entry.count == 19, "20 bytes with the line feed")
            let offset = try #require(Int(entry.prefix(10)))
            let head = "\(number) 0 obj"
            #expect(String(text[offset..<(offset + head.count)]) == head)
        }
    }

    @Test func manyUnitsTakeManyPages() throws {
        func cell(_ unit: String) -> RollupCell {
            RollupCell(
                name: "\(Self.name)/cells/\(unit)", unit: unit,
                figures: RollupCell.Metric.allCases.dropFirst().map { .init(metric: $0, reason: .tooFewCoachees) })
        }
        let cells = [cell("")] + (0..<230).map { cell("Überlingen (\($0)) 株") }
        let rollup = Rollup(name: "\(RollupOrganization.name)/rollups/2026-09")
        let value = try #require(
            ProgrammeValue(name: Self.name, of: "", in: "", from: (Rollup(), []), to: (rollup, cells)))
        #expect(value.truncated && value.lines.count == 201 * 21)
        #expect(value.lines.allSatisfy { $0.before?.reason == .notDefined })
        let document = ValuePages(value).document
        #expect(document.pages.count > 50)
        let bytes = document.bytes
        #expect(bytes.count < 4 << 20, "one message")
        try checkObjects(of: bytes)
        let name: [UInt8] = [0xDC] + Array("berlingen \\(7\\) ?".utf8)
        #expect(bytes.firstRange(of: name) != nil, "Windows-1252, and a question mark beyond")
    }

    /// Units are words of people: no spreadsheet may take them for a formula, no comma for a column.
    @Test func wordsOfPeopleAreText() {
        let figure = RollupCell.Figure(metric: .trustLevel, value: DoubleValue(value: 0.5))
        for (unit, expected) in [
            ("=1+2", "'=1+2"), ("@cmd", "'@cmd"), ("-A", "'-A"), ("a,b", "\"a,b\""), ("a\"b", "\"a\"\"b\""),
            ("=a,b", "\"'=a,b\""), ("North", "North"), ("a\r\nb", "\"a\r\nb\""),
        ] {
            let line = ProgrammeValue.Line(
                unit: unit, before: figure, after: figure, change: DoubleValue(value: -0.25))
            let row = ValueTable(ProgrammeValue(lines: [line])).csv.dropFirst(
                ValueTable.columns.joined(separator: ",").count + 1)
            #expect(row.hasPrefix(expected + ",,TRUST_LEVEL,0 to 1,0.50,"), "\(row)")
            #expect(row.hasSuffix(",-0.25,,\r\n"), "a negative number is a number")
        }
    }

    @Test func numbersAreAsFineAsTheyAreShown() {
        let level = RollupCell.Metric.trustLevel
        #expect([0.7, 0.07, -0.07, -1.5, 0].map { level.text($0) } == ["0.70", "0.07", "-0.07", "-1.50", "0.00"])
        #expect([71, -3].map { RollupCell.Metric.healthyShare.text($0) } == ["71", "-3"])
    }
}
