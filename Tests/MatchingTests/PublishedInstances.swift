import Testing

@testable import Matching

/// Instances whose stable assignments others have published.
@Suite struct PublishedInstances {
    /// Rows of “rank of the column for the row, rank of the row for the column”.
    static func matrix(_ rows: [String], _ columns: [String], _ ranks: [[(Int, Int)]]) -> Instance {
        Instance(
            coachees: rows.indices.map { row in
                (rows[row], columns.indices.sorted { ranks[row][$0].0 < ranks[row][$1].0 }.map { columns[$0] })
            },
            coaches: columns.indices.map { column in
                (columns[column], 1, rows.indices.sorted { ranks[$0][column].1 < ranks[$1][column].1 }.map { rows[$0] })
            })
    }

    /// Gale and Shapley 1962, example 1: of six assignments three are stable; each side may have all its first choices.
    @Test func galeAndShapleyExample1() {
        let instance = Self.matrix(
            ["α", "β", "γ"], ["A", "B", "C"],
            [[(1, 3), (2, 2), (3, 1)], [(3, 1), (1, 3), (2, 2)], [(2, 2), (3, 1), (1, 3)]])
        #expect(instance.solve() == ["α": "A", "β": "B", "γ": "C"])
        #expect(instance.mirrored.solve() == ["A": "β", "B": "γ", "C": "α"])
        #expect(
            Set(instance.stable.map(instance.names)) == [
                ["α": "A", "β": "B", "γ": "C"], ["α": "C", "β": "A", "γ": "B"], ["α": "B", "β": "C", "γ": "A"],
            ])
    }

    /// Gale and Shapley 1962, example 2: one assignment alone is stable, and nobody gets their first choice.
    @Test func galeAndShapleyExample2() {
        let instance = Self.matrix(
            ["α", "β", "γ", "δ"], ["A", "B", "C", "D"],
            [
                [(1, 3), (2, 3), (3, 2), (4, 3)], [(1, 4), (4, 1), (3, 3), (2, 2)],
                [(2, 2), (1, 4), (3, 4), (4, 1)], [(4, 1), (2, 2), (3, 1), (1, 4)],
            ])
        let expected = ["α": "C", "β": "D", "γ": "A", "δ": "B"]
        #expect(instance.solve() == expected)
        #expect(instance.mirrored.solve() == ["A": "γ", "B": "δ", "C": "α", "D": "β"])
        #expect(instance.stable.map(instance.names) == [expected])
    }

    /// Knuth 1976: four and four with ten stable assignments, the most that there can be.
    @Test func tenStableAssignments() {
        let instance = Instance(
            coachees: [
                ("m1", ["w1", "w2", "w3", "w4"]), ("m2", ["w2", "w1", "w4", "w3"]),
                ("m3", ["w3", "w4", "w1", "w2"]), ("m4", ["w4", "w3", "w2", "w1"]),
            ],
            coaches: [
                ("w1", 1, ["m4", "m3", "m2", "m1"]), ("w2", 1, ["m3", "m4", "m1", "m2"]),
                ("w3", 1, ["m2", "m1", "m4", "m3"]), ("w4", 1, ["m1", "m2", "m3", "m4"]),
            ])
        #expect(instance.stable.count == 10)
        #expect(instance.solve() == ["m1": "w1", "m2": "w2", "m3": "w3", "m4": "w4"])
        #expect(instance.mirrored.solve() == ["w1": "m4", "w2": "m3", "w3": "m2", "w4": "m1"])
    }

    /// The hospital and residents example of the National Resident Matching Program, as the documentation of the
    /// Python library “matching” solves it: three hospitals of two places, five residents.
    @Test func hospitalsAndResidents() {
        let instance = Instance(
            coachees: [
                ("Ada", ["City"]), ("Sam", ["City", "Mercy"]), ("Dani", ["City", "Mercy", "General"]),
                ("Luc", ["Mercy", "City", "General"]), ("Jo", ["City", "General", "Mercy"]),
            ],
            coaches: [
                ("Mercy", 2, ["Dani", "Luc", "Sam", "Jo"]), ("City", 2, ["Dani", "Ada", "Sam", "Luc", "Jo"]),
                ("General", 2, ["Dani", "Jo", "Luc"]),
            ])
        #expect(
            instance.solve() == ["Ada": "City", "Dani": "City", "Luc": "Mercy", "Sam": "Mercy", "Jo": "General"])
        #expect(instance.stable.count == 1, "so it is the hospitals' best too")
    }
}
