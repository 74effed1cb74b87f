import Schema
import ServiceKit
import Storage

/// Whoever was erased stays erased in a database that is restored from a copy of before: the list beside it tells (docs/domain.md
/// §6.10). The other services hear of it as they did the first time, and those that were restored as well carry it out again.
extension RelationshipsService {
    /// At each start, before anybody is answered.
    func eraseAgain() async throws {
        let list = runtime.erasureList
        let listed = try list.names()
        let forgotten = try await runtime.database.read { snapshot in
            try listed.map { try ResourceName($0, Tables.Form.erasures) }.filter {
                try !snapshot.isErased($0.parent.text)
            }
        }
        for name in forgotten { try await eraseAgain(name) }
        // A process that has died between an erasure and its line, and a database of before there was a list.
        let known = try await runtime.database.read { snapshot in
            var names: [String] = []
            try Tables.erasures.each(in: snapshot) { names.append($0.name) }
            return names
        }
        let missing = Set(known).subtracting(listed)
        try list.add(known.filter(missing.contains))
    }

    /// A hold that the copy knows of had been released when the person was erased.
    private func eraseAgain(_ name: ResourceName) async throws {
        let person = name.parent.text
        try await runtime.act(as: "erasure", in: name.organization) { [runtime] change in
            if let known = try change.find(Tables.people, person), !known.isErased {
                try change.forget(known, runtime)
            }
            let erasure = try change.create(
                Tables.erasures, .asked(name.text, by: "service:\(RelationshipsService.name)"))
            try change.audit("person.erased", erasure.name, about: [person])
            try change.startErasing(person, erasure.name)
        }
        runtime.logger.warning(
            "a restored database knew a person who was erased: erasing again", metadata: ["erasure": "\(name)"])
    }

    /// An erasure has begun. It stands even if its line cannot be written: the next start writes it.
    func list(_ erasure: Erasure) async {
        let list = runtime.erasureList
        do {
            // Not on a loop: it waits for the disk.
            try await Task.detached { try list.add([erasure.name]) }.value
        } catch {
            runtime.logger.error(
                "an erasure is not listed: a database restored from a copy of before would not know of it",
                metadata: ["erasure": "\(erasure.name)", "error": "\(error)"])
        }
    }
}
