import Protobuf
import Schema
import Storage

/// One kind of what a service keeps of people: what of it is a person's own to read, and what of it goes when the person is
/// erased (docs/domain.md §6.8, §6.9).
public struct PersonalKind: Sendable {
    /// How many one transaction looks at.
    public static let batch = 100

    /// Whether it lies in relationships; else it belongs to people alone.
    let isOfRelationships: Bool
    /// Up to a batch behind a position; nil begins, and ends.
    let items: @Sendable (PersonalScope, String?, Snapshot) throws -> (items: [PersonalItem], next: String?)
    /// Up to a batch, likewise: how many it has changed.
    let erase: @Sendable (ErasedParty, String?, Transaction) throws -> (count: Int, next: String?)

    /// What lies in no table of resources.
    /// - Parameters:
    ///   - items: a page behind a position that it gave itself.
    ///   - erase: all of it at once, or in steps likewise.
    public init(
        ofRelationships isOfRelationships: Bool,
        items: @Sendable @escaping (PersonalScope, String?, Snapshot) throws -> (items: [PersonalItem], next: String?),
        erase: @Sendable @escaping (ErasedParty, String?, Transaction) throws -> (count: Int, next: String?) = {
            _, _, _ in (0, nil)
        }
    ) {
        self.isOfRelationships = isOfRelationships
        self.items = items
        self.erase = erase
    }

    /// Resources directly below a relationship.
    /// - Parameters:
    ///   - visible: as the resource's own Get decides it.
    ///   - erase: takes out a party's words; false where nothing is to be left of the resource.
    public init<R: Resource>(
        _ table: Table<R>, visible: @Sendable @escaping (R, Access) -> Bool = { _, _ in true },
        erasing erase: @Sendable @escaping (inout R, ErasedParty, Transaction) throws -> Bool
    ) {
        self.init(
            Walk(table: table) { scope, after, limit, snapshot in
                try Walk.below(ResourceName(scope, "organizations", "relationships"), table, after, limit, snapshot)
            }, visible, erase)
    }

    public init<R: Erasable>(
        _ table: Table<R>, visible: @Sendable @escaping (R, Access) -> Bool = { _, _ in true }
    ) {
        self.init(table, visible: visible) { resource, party, _ in resource.erase(party) }
    }

    /// Resources below another kind of a relationship, such as the agenda of its sessions.
    public init<R: Erasable, Parent: Resource>(_ table: Table<R>, below parents: Table<Parent>) {
        self.init(
            Walk(table: table) { scope, after, limit, snapshot in
                try Walk.below(
                    parents, of: ResourceName(scope, "organizations", "relationships"), table, after, limit, snapshot)
            }, { _, _ in true }, { resource, party, _ in resource.erase(party) })
    }

    private init<R: Resource>(
        _ walk: Walk<R>, _ visible: @Sendable @escaping (R, Access) -> Bool,
        _ erase: @Sendable @escaping (inout R, ErasedParty, Transaction) throws -> Bool
    ) {
        self.init(
            ofRelationships: true,
            items: { scope, after, snapshot in
                guard let access = scope.access else { return ([], nil) }
                let page = try walk.step(access.relationship.name, after, Self.batch, snapshot)
                // What is sealed leaves in no export (docs/domain.md §6.8).
                let own = page.resources.filter { visible($0, access) && !$0.isSealed }
                return (try own.map(PersonalItem.init(of:)), page.next)
            },
            erase: { party, after, transaction in
                guard let relationship = party.relationship else { return (0, nil) }
                let page = try walk.step(relationship.name, after, Self.batch, transaction)
                var count = 0
                for resource in page.resources {
                    var erased = resource
                    if try !erase(&erased, party, transaction) {
                        try walk.table.remove(resource.name, in: transaction)
                    } else if erased != resource {
                        _ = try walk.table.update(erased, in: transaction)
                    } else {
                        continue
                    }
                    count += 1
                }
                return (count, page.next)
            })
    }
}

/// Whose data, and where.
public struct PersonalScope: Sendable {
    public let person: String
    /// One of the person's relationships as the person sees it; nil for what belongs to none.
    public let access: Access?

    public init(person: String, relationship: Relationship?) {
        self.person = person
        access = relationship.map { Access(of: person, in: $0) }
    }
}

/// Who is erased, and where.
public struct ErasedParty: Sendable {
    public let person: String
    /// Nil for what belongs to no relationship.
    public let relationship: Relationship?
    /// The other one is erased as well: what the two had said together is nobody's any more.
    public let isLast: Bool

    public init(person: String, relationship: Relationship?, isLast: Bool) {
        self.person = person
        self.relationship = relationship
        self.isLast = isLast
    }

    public var role: Role { relationship?.role(of: person) ?? .other }
}

/// A resource that holds somebody's words.
public protocol Erasable: Resource {
    /// Takes out the words of a party. Times, states, references and what the other one wrote stay.
    /// - Returns: false where nothing is to be left of the resource.
    mutating func erase(_ party: ErasedParty) -> Bool
}

extension String {
    /// What stands where words were: what was not said stays empty.
    public static let erased = "[erased]"

    public mutating func erase() { if !isEmpty { self = .erased } }
}

extension [String] {
    public mutating func erase() { for index in indices { self[index].erase() } }
}

extension PersonalItem {
    public init<M: Message>(of message: M) throws {
        self.init(
            type: M.fullName,
            json: String(decoding: try JSONMapping(.schema).json(message), as: UTF8.self))
    }
}

/// How the resources of one kind are found, some at a time.
private struct Walk<R: Resource>: Sendable {
    typealias Page = (resources: [R], next: String?)

    let table: Table<R>
    /// Relationship, position, limit.
    let step: @Sendable (String, String?, Int, Snapshot) throws -> Page

    /// Directly below a parent: a position is the last id.
    static func below(
        _ parent: ResourceName, _ table: Table<R>, _ after: String?, _ limit: Int, _ snapshot: Snapshot
    ) throws -> Page {
        let resources = try table.list(parent: parent, after: after, limit: limit, in: snapshot)
        guard resources.count == limit, let last = resources.last else { return (resources, nil) }
        return (resources, try ResourceName(last.name, table.collections).id)
    }

    /// Of one parent after another: a position is the parent's id and the last id below it, if it goes on there.
    static func below<Parent: Resource>(
        _ parents: Table<Parent>, of relationship: ResourceName, _ table: Table<R>, _ after: String?, _ limit: Int,
        _ snapshot: Snapshot
    ) throws -> Page {
        func next(behind id: String?) throws -> ResourceName? {
            try parents.list(parent: relationship, after: id, limit: 1, in: snapshot).first
                .map { try ResourceName($0.name, parents.collections) }
        }
        let parts = after?.split(separator: " ").map(String.init) ?? []
        guard
            let first = try parts.first.map({ relationship.child(parents.collections.last ?? "", $0) })
                ?? next(behind: nil)
        else { return ([], nil) }
        let page = try below(first, table, parts.count == 2 ? parts[1] : nil, limit, snapshot)
        if let last = page.next { return (page.resources, "\(first.id) \(last)") }
        return (page.resources, try next(behind: first.id)?.id)
    }
}
