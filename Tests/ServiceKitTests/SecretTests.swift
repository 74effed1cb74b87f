import ServiceKit
import Storage
import Testing

@Suite("A service's secret")
struct SecretTests {
    static func secret(_ byte: UInt8 = 1) throws -> ServiceSecret {
        try ServiceSecret(Array(repeating: byte, count: 32))
    }

    @Test("hashes the same parts alike, others and those of another secret otherwise")
    func hash() throws {
        let secret = try Self.secret()
        #expect(secret.hash("a", "b") == secret.hash("a", "b"))
        #expect(secret.hash("a", "b").count == 32)
        let others = [
            secret.hash("a", "c"), secret.hash("ab"), secret.hash("a", "b", ""), secret.hash("", "a", "b"),
            secret.hash("b", "a"), secret.hash("1:a", "b"), try Self.secret(2).hash("a", "b"),
        ]
        #expect(!others.contains(secret.hash("a", "b")))
        #expect(Set(others).count == others.count)
    }

    @Test("opens what it has sealed, in that place alone; twice the same looks different")
    func seal() throws {
        let secret = try Self.secret()
        for bytes in [[], [7], Array(repeating: UInt8(3), count: 10_000)] as [[UInt8]] {
            let sealed = try secret.seal(bytes, for: [1, 2])
            #expect(secret.open(sealed, for: [1, 2]) == bytes)
            #expect(try secret.seal(bytes, for: [1, 2]) != sealed)
            #expect(secret.open(sealed, for: [1, 3]) == nil)
            #expect(try Self.secret(2).open(sealed, for: [1, 2]) == nil)
            var damaged = sealed
            damaged[damaged.count - 1] ^= 1
            #expect(secret.open(damaged, for: [1, 2]) == nil)
        }
        #expect(secret.open([], for: []) == nil)
        #expect(secret.open(Array(repeating: 0, count: 27), for: []) == nil)
    }

    @Test("that can be guessed is none")
    func short() {
        #expect(throws: StorageError.self) { try ServiceSecret(Array(repeating: 1, count: 31)) }
    }
}
