import ServiceKit

await Process.run(TrustScoringService.self)
