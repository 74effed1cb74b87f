import RPC
import Schema
import ServiceKit

extension RelationshipsService {
    func createLeaveWindow(_ request: CreateLeaveWindowRequest, _ context: ServerContext) async throws -> LeaveWindow {
        let person = try ResourceName(request.parent, "organizations", "people")
        return try await runtime.mutate(request, context, in: person.organization, answering: Tables.leaveWindows) {
            change in
            let own = try change.requireOwnLeave(of: person.text)
            let present = try change.leave(of: person.text)
            guard present < LeaveWindow.maximumPerPerson else {
                throw Refusal(
                    .resourceExhausted, "CAPACITY_FULL",
                    "A person has at most \(LeaveWindow.maximumPerPerson) times of leave.")
            }
            guard try change.find(Tables.people, person.text) != nil else { throw Refusal.notFound(person.text) }
            var window = try LeaveWindow.told(
                request.leaveWindow ?? LeaveWindow(), name: change.newName("leaveWindows", in: person.text), own: own,
                at: change.now)
            window = try change.create(Tables.leaveWindows, window)
            try change.publish("leave.changed.v1", window, of: person.text)
            return window
        }
    }

    func deleteLeaveWindow(_ request: DeleteLeaveWindowRequest, _ context: ServerContext) async throws -> LeaveWindow {
        let name = try ResourceName(request.name, "organizations", "people", "leaveWindows")
        return try await runtime.mutate(request, context, in: name.organization, answering: Tables.leaveWindows) {
            change in
            _ = try change.requireOwnLeave(of: name.parent.text)
            let before = try change.get(Tables.leaveWindows, name.text)
            var window = before
            try window.delete(at: change.now)
            window = try change.save(Tables.leaveWindows, window)
            try change.publish("leave.changed.v1", before, of: name.parent.text, deleted: true)
            return window
        }
    }

    func getLeaveWindow(_ request: GetLeaveWindowRequest, _ context: ServerContext) async throws -> LeaveWindow {
        let name = try ResourceName(request.name, "organizations", "people", "leaveWindows")
        let isOwn = try await readsLeave(of: name.parent, context)
        return try await runtime.database.read { snapshot in
            guard let window = try Tables.leaveWindows.find(name.text, in: snapshot), !window.isDeleted else {
                throw Refusal.notFound(name.text)
            }
            return isOwn ? window : window.datesAlone
        }
    }

    func listLeaveWindows(
        _ request: ListLeaveWindowsRequest, _ context: ServerContext
    ) async throws -> ListLeaveWindowsResponse {
        let isOwn = try await readsLeave(of: try ResourceName(request.parent, "organizations", "people"), context)
        let page = try await runtime.page(context, Tables.leaveWindows, request, hiding: isOwn ? [] : ["source"])
        return ListLeaveWindowsResponse(
            leaveWindows: isOwn ? page.items : page.items.map(\.datesAlone), nextPageToken: page.nextPageToken)
    }

    /// Whether it is the caller's own leave; partners of an open relationship, administrators and services read the dates
    /// (docs/domain.md rule 38).
    private func readsLeave(of person: ResourceName, _ context: ServerContext) async throws -> Bool {
        let caller = try context.caller
        guard caller.belongs(to: person.organization) else { throw Refusal.notParty }
        if caller.person == person.text { return true }
        if caller.service != nil || caller.isProgrammeAdmin { return false }
        let arePartners = try await runtime.database.read { snapshot in
            try PairIndex.arePartners(
                caller.person ?? "", person.text, organization: person.organization, open: true, in: snapshot)
        }
        guard arePartners else { throw Refusal.notParty }
        return false
    }
}

extension Change {
    /// True for the own leave, false for an administrator's word from the directory.
    fileprivate func requireOwnLeave(of person: String) throws -> Bool {
        if actor == person { return true }
        guard caller?.isProgrammeAdmin == true else { throw Refusal.notParty }
        return false
    }

    /// How many times of leave a person has. What was deleted more than a day ago, so that no retry of its deletion can
    /// come any more, goes for good.
    fileprivate func leave(of person: String) throws -> Int {
        let windows = try list(Tables.leaveWindows, parent: person, limit: 4 * LeaveWindow.maximumPerPerson)
        for window in windows where window.isDeleted {
            let deleted = try Check.instant(window.deleteTime, "leave_window.delete_time")
            if deleted < now.adding(days: -1) { try delete(Tables.leaveWindows, window.name) }
        }
        return windows.count { !$0.isDeleted }
    }
}
