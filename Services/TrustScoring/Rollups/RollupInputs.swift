import Schema
import ServiceKit
import Storage
import TrustModel

/// All that a roll-up is made from, read once: the relationships and people of an organisation at the end of a month.
struct RollupInputs: Sendable {
    /// The slice of those whose coach is a leader, behind the programmes; none is named like it.
    static let leaders = "leaders"
    static let maximumProgrammes = CohortTree.maximumSlices - 1
    static let maximumCells = 20_000
    /// Relationships that one snapshot reads: the next begins with what was committed meanwhile.
    private static let batch = 100

    let tree: CohortTree
    /// Every relationship that has begun, and what it says.
    private(set) var members: [CohortMember] = []
    private(set) var readings: [CohortReading] = []
    /// Of each its programme's resource name; empty for none.
    private(set) var programmes: [String] = []
    /// Active people, and which of them are in an active relationship.
    let people: [CohortMember]
    let exposed: Set<UInt64>
    /// Pseudonyms of erased people and their relationships: what holds them is not shown again.
    let erased: Set<UInt64>
    let minimum: Int

    /// - Parameter report: takes the share that is done, 0...1.
    /// - Throws: `Refusal` for an organisation that is too large for one roll-up.
    static func read(
        _ rollup: Rollup, month: RollupMonth, policy: Policy, from runtime: Runtime,
        report: (Double) async throws -> Void
    ) async throws -> RollupInputs {
        let organization = try ResourceName(rollup.name, RollupTables.Form.rollups).organization
        let relationships = try await runtime.presentRelationships(of: organization)
        let (places, minimum) = try await runtime.database.read { snapshot in
            (
                try PlaceStore.places(of: organization, at: month.end, in: snapshot),
                try PlaceStore.minimum(of: organization, in: snapshot)
            )
        }
        var inputs = try RollupInputs(
            rollup, month, relationships, places, erased: try await runtime.erasedMembers(of: organization),
            minimum: minimum)
        let begun = relationships.filter { $0.hasBegun(by: month.end) }
        for start in stride(from: 0, to: begun.count, by: batch) {
            try Task.checkCancellation()
            let batch = begun[start..<min(start + batch, begun.count)]
            let readings = try await runtime.database.read { snapshot in
                try batch.map { try RollupReading.read($0, in: month, policy: policy, snapshot) }
            }
            for (relationship, reading) in zip(batch, readings) {
                inputs.add(
                    relationship, reading, at: places, isByProgramme: rollup.byProgramme, level: rollup.leaderLevel)
            }
            try await report(Double(start + batch.count) / Double(begun.count))
        }
        return inputs
    }

    private init(
        _ rollup: Rollup, _ month: RollupMonth, _ relationships: [Relationship], _ places: [String: PlaceStore.Place],
        erased: Set<UInt64>, minimum: Int
    ) throws {
        let programmes = rollup.byProgramme ? Set(relationships.map(\.programme).filter { !$0.isEmpty }).sorted() : []
        guard programmes.count <= Self.maximumProgrammes else {
            throw Refusal(
                .resourceExhausted, "TOO_MANY_PROGRAMMES",
                "roll-ups by programme take \(Self.maximumProgrammes) programmes; ask without by_programme")
        }
        let tree = CohortTree(paths: places.values.map(\.unit), slices: programmes + [Self.leaders])
        guard tree.cellCount <= Self.maximumCells else {
            throw Refusal(
                .resourceExhausted, "TOO_MANY_CELLS",
                "\(tree.units.count) units by \(programmes.count) programmes make more than \(Self.maximumCells) cells; "
                    + "ask without by_programme, or use units of a higher level")
        }
        self.tree = tree
        self.minimum = minimum
        self.erased = erased
        people = places.filter(\.value.isActive).sorted { $0.key < $1.key }.map { name, place in
            let id = pseudonym(name)
            return CohortMember(id: id, person: id, coach: nil, unit: tree.unit(place.unit) ?? 0)
        }
        exposed = Set(
            relationships.filter { $0.isActive(at: month.end) }.flatMap {
                [pseudonym($0.trustor), pseudonym($0.trustee)]
            })
    }

    private mutating func add(
        _ relationship: Relationship, _ reading: CohortReading, at places: [String: PlaceStore.Place],
        isByProgramme: Bool, level: Int32
    ) {
        var slices: UInt32 = 0
        if isByProgramme, let place = tree.slices.firstIndex(of: relationship.programme) {
            slices |= 1 << UInt32(place)
        }
        if let coach = places[relationship.trustee]?.level, (1...Int(level)).contains(coach) {
            slices |= 1 << UInt32(tree.slices.count - 1)
        }
        members.append(
            CohortMember(
                id: pseudonym(relationship.name), person: pseudonym(relationship.trustor), coach: reading.coach,
                unit: tree.unit(places[relationship.trustor]?.unit ?? []) ?? 0, slices: slices))
        readings.append(reading)
        programmes.append(relationship.programme)
    }

    /// The bit of the last slice.
    private var leaderBit: UInt32 { 1 << UInt32(tree.slices.count - 1) }

    /// Who is in a cohort, and the places of their readings. Leaders are a dimension of the scored alone.
    func members(of cohort: Cohort) -> (members: [CohortMember], readings: [Int]) {
        guard cohort != .people else { return (people, []) }
        let indices = readings.indices.filter { cohort.contains(readings[$0]) }
        let those = indices.map { index in
            var member = members[index]
            if cohort == .scored {
                member.mass = readings[index].trust?.weight ?? 1
            } else {
                member.slices &= ~leaderBit
            }
            return member
        }
        return (those, indices)
    }
}

extension Relationship {
    fileprivate func hasBegun(by instant: TrustModel.Instant) -> Bool {
        guard let start = try? startTime.map({ try TrustModel.Instant($0) }) else { return false }
        return start < instant
    }

    /// Begun, and not at its end.
    func isActive(at instant: TrustModel.Instant) -> Bool {
        guard hasBegun(by: instant) else { return false }
        guard let end = try? endTime.map({ try TrustModel.Instant($0) }) else { return true }
        return end > instant
    }
}
