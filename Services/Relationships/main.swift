import ServiceKit

await Process.run(RelationshipsService.self)
