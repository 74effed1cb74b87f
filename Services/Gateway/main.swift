import ServiceKit

await Process.main(named: "gateway") { configuration, logger, clock in
    try await Gateway.run(configuration, logger, clock)
}
