import HTTP
import NIOCore
import Standard
import Testing

@testable import RPC

/// The rule of the burst driver: cancelling a call cancels the driver's task that is suspended in it, is sticky, and
/// never reaches another call. It holds at each point where a call can be suspended.
@Suite struct CancellationTests {
    /// How a call comes to its end before its time.
    enum Cause: CaseIterable {
        case reset, connectionLost, deadline

        func strike(_ exchange: ScriptedExchange, _ stage: Stage) {
            switch self {
            case .reset: exchange.delegate?.cancelled(.reset(.cancel))
            case .connectionLost: exchange.delegate?.cancelled(.connectionClosed)
            case .deadline: stage.advance(by: .milliseconds(60))
            }
            stage.run()
        }

        var code: StatusCode { self == .deadline ? .deadlineExceeded : .cancelled }
    }

    private let notes = Notes()

    /// Notes what a handler saw when it was cancelled.
    private static func observe(_ notes: Notes, _ context: ServerContext, _ body: () async throws -> Void) async {
        do {
            try await body()
            notes.add("went on")
        } catch {
            notes.add((error as? RPCError)?.code.name ?? "\(type(of: error))")
        }
        notes.add("task cancelled: \(Task.isCancelled), call cancelled: \(context.isCancelled)")
    }

    private func check(_ exchange: ScriptedExchange, _ cause: Cause, saw: [String]) {
        #expect(notes.all == saw)
        #expect(exchange.status == (cause == .deadline ? .deadlineExceeded : nil), "a lost call gets no answer")
        #expect(exchange.eventsAfterEnd == 0)
    }

    @Test(arguments: Cause.allCases)
    func `suspended in the handler's own await`(_ cause: Cause) {
        let notes = notes
        let stage = Stage([
            .unary("t.S", "Wait") { (request: StringValue, context) in
                await Self.observe(notes, context) { try await Waiter<Void>().value() }
                return request
            }
        ])
        let exchange = stage.request("t.S/Wait", "", timeout: "50m")
        stage.endBurst()
        #expect(notes.all == [])
        cause.strike(exchange, stage)
        check(exchange, cause, saw: ["CANCELLED", "task cancelled: true, call cancelled: true"])
    }

    @Test(arguments: Cause.allCases)
    func `suspended in the request stream`(_ cause: Cause) {
        let notes = notes
        let stage = Stage([
            .clientStreaming("t.S", "Collect") { (requests: RequestStream<StringValue>, context) in
                await Self.observe(notes, context) { for try await request in requests { notes.add(request.value) } }
                return StringValue()
            }
        ])
        let exchange = stage.open("t.S/Collect", timeout: "50m")
        stage.send(["one"], on: exchange)
        stage.endBurst()
        #expect(notes.all == ["one"])
        cause.strike(exchange, stage)
        check(exchange, cause, saw: ["one", cause.code.name, "task cancelled: true, call cancelled: true"])
    }

    @Test(arguments: Cause.allCases)
    func `suspended in a write that waits for the peer`(_ cause: Cause) {
        let notes = notes
        let stage = Stage([
            .serverStreaming("t.S", "Flood") { (_: StringValue, context, responses: ResponseWriter<StringValue>) in
                await Self.observe(notes, context) {
                    while true { try await responses.write(StringValue(value: "x")) }
                }
            }
        ])
        let exchange = stage.request("t.S/Flood", "", timeout: "50m")
        exchange.isWritable = false
        stage.endBurst()
        #expect(exchange.messages == [], "nothing was written over the mark")
        cause.strike(exchange, stage)
        check(exchange, cause, saw: [cause.code.name, "task cancelled: true, call cancelled: true"])
    }

    @Test(arguments: Cause.allCases)
    func `before the handler has started`(_ cause: Cause) {
        let notes = notes
        let stage = Stage([
            .unary("t.S", "Note") { (request: StringValue, _) in
                notes.add(request.value)
                return request
            }
        ])
        let cancelled = stage.request("t.S/Note", "cancelled", timeout: "50m")
        let other = stage.request("t.S/Note", "other")
        cause.strike(cancelled, stage)
        stage.endBurst()
        check(cancelled, cause, saw: ["other"])
        #expect(other.status == .ok)
    }

    @Test(arguments: Cause.allCases)
    func `before its request is complete`(_ cause: Cause) {
        let notes = notes
        let stage = Stage([
            .unary("t.S", "Note") { (request: StringValue, _) in
                notes.add(request.value)
                return request
            }
        ])
        let exchange = stage.open("t.S/Note", timeout: "50m")
        cause.strike(exchange, stage)
        stage.send(["late"], on: exchange)
        exchange.delegate?.receivedEnd(trailers: [:])
        stage.endBurst()
        check(exchange, cause, saw: [])
    }

    @Test(arguments: Cause.allCases)
    func `after completion nothing happens`(_ cause: Cause) {
        let gate = Waiter<Void>()
        let next = Waiter<Void>()
        let stage = Stage([
            .unary("t.S", "Wait") { (request: StringValue, _) in
                try await (request.value == "first" ? gate : next).value()
                return request
            }
        ])
        let exchange = stage.request("t.S/Wait", "first", timeout: "50m")
        let other = stage.request("t.S/Wait", "second")
        stage.endBurst()
        gate.resolve(.success(()))
        stage.run()
        #expect(exchange.status == .ok)
        cause.strike(exchange, stage)
        next.resolve(.success(()))
        stage.run()
        #expect(exchange.ends == 1)
        #expect(other.status == .ok)
    }

    @Test func `a cancelled driver finishes its call and takes no other`() {
        let notes = notes
        let gate = Waiter<Void>()
        let stage = Stage([
            .unary("t.S", "Wait") { (request: StringValue, _) in
                do { try await gate.value() } catch { notes.add("cancelled in \(request.value)") }
                notes.add("\(request.value) ends")
                return request
            },
            .unary("t.S", "Now") { (request: StringValue, _) in
                notes.add("\(request.value) cancelled: \(Task.isCancelled)")
                return request
            },
        ])
        let waiting = stage.request("t.S/Wait", "a")
        let second = stage.request("t.S/Now", "b")
        stage.endBurst()
        #expect(notes.all == ["b cancelled: false"], "another driver took the rest of the burst")
        // The cancelled driver wakes while another call is in the queue.
        waiting.delegate?.cancelled(.reset(.cancel))
        let third = stage.request("t.S/Now", "c")
        stage.run()
        #expect(notes.all.suffix(2) == ["cancelled in a", "a ends"])
        stage.endBurst()
        #expect(notes.all.sorted() == ["a ends", "b cancelled: false", "c cancelled: false", "cancelled in a"])
        #expect(second.status == .ok)
        #expect(third.status == .ok)
        #expect(waiting.status == nil)
    }

    @Test func `of many calls suspended in one burst only the cancelled one is`() {
        let notes = notes
        let gates = (0..<20).map { _ in Waiter<Void>() }
        let stage = Stage([
            .unary("t.S", "Wait") { (request: StringValue, _) in
                let number = Int(request.value) ?? 0
                do { try await gates[number].value() } catch { notes.add(request.value) }
                return request
            }
        ])
        let exchanges = (0..<20).map { stage.request("t.S/Wait", "\($0)") }
        stage.endBurst()
        exchanges[7].delegate?.cancelled(.reset(.cancel))
        stage.run()
        for gate in gates { gate.resolve(.success(())) }
        stage.run()
        #expect(notes.all == ["7"])
        for (number, exchange) in exchanges.enumerated() { #expect(exchange.status == (number == 7 ? nil : .ok)) }
    }

    @Test func `a call cancelled while its handler runs on the loop is cancelled at once`() {
        let notes = notes
        let stage = Stage([
            .serverStreaming("t.S", "Self") { (_: StringValue, context, responses: ResponseWriter<StringValue>) in
                try await responses.write(StringValue(value: "x"))
                notes.add("task \(Task.isCancelled), call \(context.isCancelled)")
                await Self.observe(notes, context) { try await Waiter<Void>().value() }
            },
            .unary("t.S", "Now") { (request: StringValue, _) in
                notes.add("next \(Task.isCancelled)")
                return request
            },
        ])
        let exchange = stage.request("t.S/Self", "")
        let next = stage.request("t.S/Now", "")
        exchange.onWrite = { exchange.delegate?.cancelled(.connectionClosed) }
        stage.endBurst()
        stage.run()
        #expect(notes.all.contains("task true, call true"))
        #expect(notes.all.contains("next false"))
        #expect(next.status == .ok)
    }

    @Test func `cancellation reaches child tasks`() {
        let notes = notes
        let stage = Stage([
            .unary("t.S", "Fan") { (request: StringValue, _) in
                await withTaskGroup(of: Void.self) { group in
                    for number in 0..<3 {
                        group.addTask {
                            do { try await Waiter<Void>().value() } catch { notes.add("\(number)") }
                        }
                    }
                }
                return request
            }
        ])
        let exchange = stage.request("t.S/Fan", "")
        stage.endBurst()
        for _ in 0..<5 { stage.run() }
        exchange.delegate?.cancelled(.reset(.cancel))
        for _ in 0..<5 { stage.run() }
        #expect(notes.all.sorted() == ["0", "1", "2"])
    }

    @Test func `a handler that swallows its cancellation is not answered`() {
        let stage = Stage([
            .unary("t.S", "Stubborn") { (request: StringValue, _) in
                try? await Waiter<Void>().value()
                return request
            }
        ])
        let exchange = stage.request("t.S/Stubborn", "", timeout: "5m")
        stage.endBurst()
        stage.advance(by: .milliseconds(10))
        stage.run()
        #expect(exchange.status == .deadlineExceeded)
        #expect(exchange.messages == [])
        #expect(exchange.ends == 1)
    }

    @Test(arguments: ["0n", "0H"])
    func `a deadline that has passed on arrival keeps the handler from running`(_ timeout: String) {
        let notes = notes
        let stage = Stage([
            .unary("t.S", "Note") { (request: StringValue, _) in
                notes.add("ran")
                return request
            }
        ])
        let exchange = stage.request("t.S/Note", "", timeout: timeout)
        stage.endBurst()
        #expect(exchange.status == .deadlineExceeded)
        #expect(notes.all == [])
    }

    @Test(arguments: ["", "x", "1", "123456789S", "-1S"])
    func `a timeout that cannot be read is INTERNAL`(_ timeout: String) {
        let stage = Stage([.unary("t.S", "Note") { (request: StringValue, _) in request }])
        let exchange = stage.request("t.S/Note", "", timeout: timeout)
        #expect(exchange.status == .internal)
    }
}
