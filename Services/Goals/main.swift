import ServiceKit

await Process.run(GoalsService.self)
