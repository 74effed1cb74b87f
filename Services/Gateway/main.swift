import ServiceKit

await Process.main(named: "gateway") { configuration, logger, clock in
    try await GatewayService.run(configuration, logger, clock)
}
