import Testing

@testable import Protobuf

@Suite struct Base64Tests {
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
    ])
    func `the vectors of RFC 4648 §10, padded and unpadded`(_ plain: String, _ text: String) {
        let bytes = Array(plain.utf8)
        let unpadded = String(text.prefix { $0 != "=" })
        #expect(Base64.encode(bytes) == text)
        #expect(Base64.encode(bytes, isPadded: false) == unpadded)
        #expect(Base64.decode(text) == bytes)
        #expect(Base64.decode(unpadded) == bytes)
    }

    @Test(arguments: ["Z", "Zg=", "Z===", "Zm9vY", "Zm 8", "é", "Zm=v"])
    func `what no encoder makes is refused`(_ text: String) {
        #expect(Base64.decode(text) == nil)
        #expect(Base64.decode(text, .either) == nil)
    }

    @Test func `the alphabet for URLs is read where it may come`() {
        #expect(Base64.decode("Zm-_") == nil)
        #expect(Base64.decode("Zm-_", .either) == Base64.decode("Zm+/"))
        #expect(Base64.value(of: UInt8(ascii: "/")) == 63 && Base64.value(of: UInt8(ascii: "_")) == nil)
    }

    @Test func `any bytes survive`() {
        var random = SeededGenerator("any bytes survive")
        for count in 0..<300 {
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &random) }
            let padded = Base64.decode(Base64.encode(bytes))
            let unpadded = Base64.decode(Base64.encode(bytes, isPadded: false))
            #expect(padded == bytes && unpadded == bytes)
        }
    }
}
