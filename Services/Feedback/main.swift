import ServiceKit

await Process.run(FeedbackService.self)
