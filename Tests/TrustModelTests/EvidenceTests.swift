import Testing

@testable import TrustModel

@Suite struct EvidenceTests {
    private func make(
        _ kind: EvidenceKind, _ measure: Measure = .none, isTrivial: Bool = false, sourceClass: SourceClass? = nil,
        by person: String = "people/coach", at instant: Instant = origin, references: [String] = []
    ) throws -> Evidence {
        try Evidence.make(
            kind, id: EventID(high: 0, low: 1), measure: measure, isTrivial: isTrivial, sourceClass: sourceClass,
            sourceID: person, occurredAt: instant, recordedAt: instant, references: references)
    }

    /// docs/domain.md §3.2, row by row: component, v, w, breach.
    static let table: [(String, Measure, String, Double, Double, Bool)] = [
        ("commitment.kept", .none, "REL", 1, 1, false),
        ("commitment.kept_late", .daysLate(2), "REL", 0.6, 1, false),
        ("commitment.renegotiated", .none, "REL", 0.7, 0.5, false),
        ("commitment.missed", .none, "REL", 0, 1, false),
        ("commitment.abandoned", .none, "REL", 0, 1.5, true),
        ("session.held", .none, "REL", 1, 0.5, false),
        ("session.rescheduled_by_trustee", .none, "REL", 0.5, 0.25, false),
        ("session.cancelled_late", .none, "REL", 0, 0.75, false),
        ("session.trustee_no_show", .none, "REL", 0, 1.5, true),
        ("response.in_sla", .none, "REL", 1, 0.25, false),
        ("response.late", .none, "REL", 0, 0.25, false),
        ("pulse.dependable", .pulse(4), "REL", 0.75, 1, false),
        ("intent.stated", .none, "INT", 1, 0.5, false),
        ("decision.explained", .none, "INT", 1, 0.75, false),
        ("decision.unexplained", .none, "INT", 0, 0.75, false),
        ("conflict.disclosed", .none, "INT", 1, 0.5, false),
        ("sharing.authorised", .none, "INT", 1, 0.25, false),
        ("record.altered_after_signoff", .none, "INT", 0, 1.5, true),
        ("confidentiality.breach_confirmed", .none, "INT", 0, 3, true),
        ("pulse.honest", .pulse(1), "INT", 0, 1, false),
        ("goal.gas", .attainment(1), "COM", 0.75, 1, false),
        ("advice.helpful", .none, "COM", 1, 0.5, false),
        ("advice.unhelpful", .none, "COM", 0, 0.5, false),
        ("feedback.actionable", .none, "COM", 1, 0.25, false),
        ("feedback.vague", .none, "COM", 0, 0.25, false),
        ("credential.verified", .none, "COM", 1, 0.5, false),
        ("pulse.useful", .pulse(5), "COM", 1, 1, false),
        ("reflection.confirmed", .none, "EMP", 1, 0.5, false),
        ("reflection.corrected", .none, "EMP", 0.4, 0.5, false),
        ("recognition.given", .none, "EMP", 1, 0.25, false),
        ("support.adapted", .none, "EMP", 1, 0.5, false),
        ("context.ignored", .none, "EMP", 0, 0.5, false),
        ("pulse.understood", .pulse(3), "EMP", 0.5, 1, false),
    ]

    @Test func everyKindIsInTheTable() {
        #expect(EvidenceTests.table.count == EvidenceKind.allCases.count)
        #expect(Set(EvidenceTests.table.map(\.0)) == Set(EvidenceKind.allCases.map(\.rawValue)))
    }

    @Test(arguments: table) func row(_ row: (String, Measure, String, Double, Double, Bool)) throws {
        let event = try make(try #require(EvidenceKind(rawValue: row.0)), row.1)
        #expect(event.component.code == row.2)
        #expect(near(event.v, row.3, 1e-15))
        #expect(event.w == row.4)
        #expect(event.isBreach == row.5)
    }

    @Test func discounts() {
        let expected: [SourceClass: Double] = [
            .system: 1, .countersigned: 1, .coachee: 1, .thirdParty: 0.6, .admin: 0.5, .unconfirmed: 0.5,
            .selfReport: 0.25,
        ]
        for source in SourceClass.allCases { #expect(source.discount == expected[source]) }
    }

    @Test func latenessHasAFloor() throws {
        #expect(near(try make(.commitmentKeptLate, .daysLate(0)).v, 0.8, 1e-15))
        #expect(near(try make(.commitmentKeptLate, .daysLate(6)).v, 0.2, 1e-15))
        #expect(near(try make(.commitmentKeptLate, .daysLate(36_500)).v, 0.2, 1e-15))
    }

    @Test func trivialCommitmentsWeighAQuarter() throws {
        #expect(try make(.commitmentKept, isTrivial: true).w == 0.25)
        #expect(throws: EvidenceError.notTrivialisable) { try make(.sessionHeld, isTrivial: true) }
    }

    @Test(arguments: [
        (EvidenceKind.pulseHonest, Measure.none), (.pulseHonest, .pulse(0)), (.pulseHonest, .pulse(6)),
        (.goalAttainment, .attainment(3)), (.goalAttainment, .attainment(-3)), (.goalAttainment, .pulse(3)),
        (.commitmentKeptLate, .daysLate(-1)), (.commitmentKeptLate, .daysLate(36_501)), (.sessionHeld, .pulse(5)),
    ])
    func badMeasuresAreRefused(_ kind: EvidenceKind, _ measure: Measure) {
        #expect(throws: EvidenceError.measureInvalid) { try make(kind, measure) }
    }

    @Test func selfReportsAreOnlyPositive() throws {
        #expect(try make(.sessionHeld, sourceClass: .selfReport).mass == 0.125)
        #expect(throws: EvidenceError.selfReportNotPositive) {
            try make(.commitmentRenegotiated, sourceClass: .selfReport)
        }
    }

    @Test func limits() throws {
        #expect(throws: EvidenceError.sourceInvalid) { try make(.sessionHeld, by: "") }
        let long = String(repeating: "x", count: Evidence.maximumNameLength)
        #expect(try make(.sessionHeld, by: long).sourceID == long)
        #expect(throws: EvidenceError.sourceInvalid) { try make(.sessionHeld, by: long + "x") }
        let references = [String](repeating: long, count: Evidence.maximumReferences)
        #expect(try make(.sessionHeld, references: references).references == references)
        #expect(throws: EvidenceError.referencesInvalid) { try make(.sessionHeld, references: references + ["x"]) }
        #expect(throws: EvidenceError.referencesInvalid) { try make(.sessionHeld, references: [long + "x"]) }
        let last = Instant.supported.upperBound
        #expect(try make(.sessionHeld, at: last).occurredAt == last)
        #expect(throws: EvidenceError.instantOutOfRange) {
            try make(.sessionHeld, at: Instant(microseconds: last.microseconds + 1))
        }
    }

    @Test func storedValuesAreChecked() {
        func stored(v: Double, w: Double, supersedes: EventID? = nil) throws -> Evidence {
            try Evidence(
                id: EventID(high: 0, low: 1), kind: .sessionHeld, v: v, w: w, sourceClass: .system,
                sourceID: "people/coach", occurredAt: origin, recordedAt: origin, supersedes: supersedes)
        }
        for v in [-0.1, 1.1, .nan, .infinity] {
            #expect(throws: EvidenceError.valueOutOfRange) { try stored(v: v, w: 1) }
        }
        for w in [0, -1, 3.01, .nan, .infinity] {
            #expect(throws: EvidenceError.weightOutOfRange) { try stored(v: 1, w: w) }
        }
        #expect(throws: EvidenceError.supersedesItself) {
            try stored(v: 1, w: 1, supersedes: EventID(high: 0, low: 1))
        }
    }

    /// A repair answers a miss or a breach that weighs at least 1, nothing else.
    @Test func whatCanBeRepaired() throws {
        let repairable = Set(
            try EvidenceTests.table.filter { row in
                try make(try #require(EvidenceKind(rawValue: row.0)), row.1).isRepairable
            }.map(\.0))
        #expect(
            repairable == [
                "commitment.missed", "commitment.abandoned", "session.trustee_no_show",
                "record.altered_after_signoff", "confidentiality.breach_confirmed",
            ])
        #expect(try !make(.commitmentMissed, isTrivial: true).isRepairable)
    }

    @Test func idsAreBytes() throws {
        let bytes: [UInt8] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 255]
        let id = try #require(EventID(bytes: bytes))
        #expect(id.bytes == bytes)
        #expect(EventID(bytes: bytes.dropLast()) == nil)
        #expect(EventID(high: 1, low: 0) > EventID(high: 0, low: .max))
        #expect(EventID(high: 1, low: 2) > EventID(high: 1, low: 1))
    }
}

@Suite struct PolicyTests {
    private func policy(_ change: (inout PerComponent<Policy.Parameters>) -> Void, id: String = "p") throws -> Policy {
        var parameters = Policy.standard.parameters
        change(&parameters)
        return try Policy(id: id, parameters: parameters)
    }

    @Test func theStandardKeepsTheRules() throws {
        #expect(try policy { _ in }.parameters == Policy.standard.parameters)
    }

    @Test func rangesAreHeld() throws {
        for halfLife in [29.9, 365.1, .nan] {
            #expect(throws: PolicyError.halfLifeOutOfRange(.empathy)) {
                try policy { $0.empathy.halfLife = halfLife }
            }
        }
        for negativity in [0.99, 3.01, .nan] {
            #expect(throws: PolicyError.negativityOutOfRange(.integrity)) {
                try policy { $0.integrity.negativity = negativity }
            }
        }
        for share in [0.09, 0.51, .nan] {
            #expect(throws: PolicyError.shareOutOfRange(.competence)) { try policy { $0.competence.share = share } }
        }
        #expect(throws: PolicyError.sharesDoNotSumToOne) { try policy { $0.reliability.share = 0.3 } }
        #expect(throws: PolicyError.idInvalid) { try policy({ _ in }, id: "") }
        let long = String(repeating: "x", count: Policy.maximumIDLength)
        #expect(try policy({ _ in }, id: long).id == long)
        #expect(throws: PolicyError.idInvalid) { try policy({ _ in }, id: long + "x") }
        let uneven = try policy { parameters in
            parameters.reliability.share = 0.1
            parameters.integrity.share = 0.4
        }
        #expect(uneven[.integrity].share == 0.4)
    }
}
