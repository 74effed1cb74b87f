import NIOConcurrencyHelpers
import NIOCore

/// The open connections of a server; touched when one opens or closes, never by a request.
final class ServerConnections: Sendable {
    enum Admission {
        case added
        /// `isFirst`: the limit was not reached when the last connection came.
        case refused(isFirst: Bool, count: Int)
    }

    struct Entry {
        let number: Int64
        let channel: any Channel
    }

    private struct State {
        var channels: [ObjectIdentifier: Entry] = [:]
        var isDraining = false
        var isRefusing = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let limit: Int
    private let state = NIOLockedValueBox(State())

    init(limit: Int) {
        self.limit = limit
    }

    var count: Int {
        state.withLockedValue { $0.channels.count }
    }

    var numbered: [Entry] {
        state.withLockedValue { Array($0.channels.values) }
    }

    var all: [any Channel] { numbered.map(\.channel) }

    func add(_ channel: any Channel) -> Admission {
        let admission = state.withLockedValue { state -> Admission in
            guard state.channels.count < limit, !state.isDraining else {
                defer { state.isRefusing = true }
                return .refused(isFirst: !state.isRefusing && !state.isDraining, count: state.channels.count)
            }
            state.isRefusing = false
            state.channels[ObjectIdentifier(channel)] = Entry(number: SerialNumber.next(), channel: channel)
            return .added
        }
        if case .added = admission {
            channel.closeFuture.whenComplete { _ in self.remove(channel) }
        }
        return admission
    }

    private func remove(_ channel: any Channel) {
        let waiters = state.withLockedValue { state -> [CheckedContinuation<Void, Never>] in
            state.channels[ObjectIdentifier(channel)] = nil
            guard state.channels.isEmpty else { return [] }
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters {
            waiter.resume()
        }
    }

    func beginDrain() -> [any Channel] {
        state.withLockedValue { state in
            state.isDraining = true
            return state.channels.values.map(\.channel)
        }
    }

    func untilEmpty() async {
        await withCheckedContinuation { continuation in
            let isEmpty = state.withLockedValue { state in
                if !state.channels.isEmpty {
                    state.waiters.append(continuation)
                }
                return state.channels.isEmpty
            }
            if isEmpty {
                continuation.resume()
            }
        }
    }
}
