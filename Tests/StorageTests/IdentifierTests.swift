import Testing

@testable import Storage

@Suite struct IdentifierTests {
    @Test func version5AgreesWithTheStandardsExample() throws {
        // RFC 9562 appendix A.4.
        let dns = try #require(Identifier("6ba7b810-9dad-11d1-80b4-00c04fd430c8"))
        let name = Identifier.version5(namespace: dns, name: "www.example.com")
        #expect("\(name)" == "2ed6657d-e927-568b-95e1-2665a8aea6a2")
        #expect(Identifier.version5(namespace: dns, name: "www.example.org") != name)
    }

    @Test func version7HasTheStandardsLayout() {
        // The instant of RFC 9562 appendix A.6.
        let identifier = IdentifierGenerator().next(at: 1_645_557_742_000_000)
        #expect("\(identifier)".hasPrefix("017f22e2-79b0-7"))
        #expect(identifier.milliseconds == 1_645_557_742_000)
        #expect(identifier.low >> 62 == 0b10)
    }

    @Test func version7AscendsWhateverTheClockDoes() {
        let seed = freshSeed("version7AscendsWhateverTheClockDoes")
        var random = SeededGenerator(state: seed)
        let generator = IdentifierGenerator()
        var instant: Int64 = 1_700_000_000_000_000
        var last = generator.next(at: instant)
        for _ in 0..<20_000 {
            instant += Int64.random(in: -3_000...3_000, using: &random)
            let next = generator.next(at: instant)
            #expect(next > last, "seed \(seed)")
            #expect(next.high >> 12 & 0xf == 7 && next.low >> 62 == 2, "seed \(seed)")
            last = next
        }
    }

    @Test func version7AscendsAtTheEndsOfTime() {
        for instant in [Int64.min, -1, 0, .max] {
            let generator = IdentifierGenerator()
            let first = generator.next(at: instant)
            #expect(generator.next(at: instant) > first)
        }
    }

    @Test func version7IsUniqueAcrossThreads() async {
        let generator = IdentifierGenerator()
        let all = await withTaskGroup(of: [Identifier].self) { group in
            for _ in 0..<8 { group.addTask { (0..<2000).map { _ in generator.next(at: 5_000) } } }
            return await group.reduce(into: Set<Identifier>()) { $0.formUnion($1) }
        }
        #expect(all.count == 16_000)
    }

    @Test func textAndBytesComeBackAsTheyWere() {
        let seed = freshSeed("textAndBytesComeBackAsTheyWere")
        var random = SeededGenerator(state: seed)
        for _ in 0..<2000 {
            let identifier = Identifier(high: random.next(), low: random.next())
            #expect(Identifier("\(identifier)") == identifier, "seed \(seed)")
            #expect(Identifier("\(identifier)".uppercased()) == identifier, "seed \(seed)")
            #expect(Identifier(bytes: identifier.bytes) == identifier, "seed \(seed)")
        }
    }

    @Test func identifiersSortLikeTheirBytesAndText() {
        var random = SeededGenerator(state: freshSeed("identifiersSortLikeTheirBytesAndText"))
        let identifiers = (0..<500).map { _ in Identifier(high: random.next(), low: random.next()) }
        let sorted = identifiers.sorted()
        #expect(sorted == identifiers.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) })
        #expect(sorted == identifiers.sorted { $0.description < $1.description })
    }

    @Test(arguments: [
        "", "2ed6657d-e927-568b-95e1-2665a8aea6a", "2ed6657d-e927-568b-95e1-2665a8aea6a22",
        "2ed6657de927568b95e12665a8aea6a2",
        "2ed6657d-e927-568b-95e1-2665a8aea6ag", "2ed6657d+e927-568b-95e1-2665a8aea6a2",
        "{2ed6657d-e927-568b-95e1-2665a8aea6}",
        "2ed6657-de927-568b-95e1-2665a8aea6a2", "2ed6657d-e927-568b-95e1-2665a8aea６a",
    ])
    func otherTextIsNoIdentifier(_ text: String) {
        #expect(Identifier(text) == nil)
    }

    @Test func aKeyIsAnIdentifierWhereItsTextIsOne() throws {
        let text = "2ed6657d-e927-568b-95e1-2665a8aea6a2"
        #expect(Key(text) == .id(try #require(Identifier(text))))
        #expect("\(Key(text))" == text)
        #expect(Key("acme") == .text("acme"))
        #expect("\(Key("acme"))" == "acme")
    }
}
