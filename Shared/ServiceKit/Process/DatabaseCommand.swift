import Storage

/// `--backup FILE` and `--restore FILE [--replace]` of a service's program.
enum DatabaseCommand {
    /// - Returns: what to print; nil when the arguments are none of these commands.
    static func run<Service: RapportService>(
        _ arguments: [String], of type: Service.Type, _ configuration: ServiceConfiguration
    ) async throws -> String? {
        let database = "\(configuration.dataDirectory)/\(Service.name).sqlite"
        switch (arguments.first, arguments.count) {
        case ("--backup", 2):
            let copy = try await Database.backup(database, to: arguments[1])
            return "\(arguments[1]): \(copy.bytes) bytes, events up to position \(copy.position), epoch \(copy.epoch)"
        case ("--restore", 2), ("--restore", 3):
            guard arguments.count == 2 || arguments[2] == "--replace" else { return nil }
            guard await !Process.isServing(configuration) else {
                throw StorageError.file("\(Service.name) serves at \(configuration.listen): stop it first")
            }
            let copy = try await Database.restore(
                arguments[1], to: database, replacing: arguments.count == 3, migrations: Service.allMigrations)
            return """
                \(database): \(copy.bytes) bytes, events up to position \(copy.position)
                The next start begins a new epoch; the other services then read its events anew.
                """
        default: return nil
        }
    }
}
