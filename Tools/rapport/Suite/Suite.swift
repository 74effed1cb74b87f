import Glibc

/// The five processes: started in order, watched, restarted when one dies, stopped together.
actor Suite {
    /// A service that is not ready by then is given up.
    static let startPatience: Duration = .seconds(30)
    /// Services drain for at most 10 s; one that lives longer is killed.
    static let stopGrace: Duration = .seconds(15)
    /// Between a death and the restart: doubled each time, begun anew after a minute of life.
    static let firstRestartDelay: Duration = .milliseconds(200)
    static let lastRestartDelay: Duration = .seconds(10)

    private let home: Home
    private let addresses: SuiteAddresses
    private let binaries: String
    private let report: @Sendable (String) -> Void
    private var processes: [ServiceProgram: ChildProcess] = [:]
    private var watchers: [Task<Void, Never>] = []
    private var isStopping = false

    init(home: Home, addresses: SuiteAddresses, binaries: String, report: @escaping @Sendable (String) -> Void) {
        self.home = home
        self.addresses = addresses
        self.binaries = binaries
        self.report = report
    }

    /// Each is ready before the next starts: they call each other in this order.
    func start() async throws {
        let started = ContinuousClock.now
        for program in ServiceProgram.allCases {
            let began = ContinuousClock.now
            let process = try spawn(program)
            let isReady = try await Readiness.await(address: addresses[program], patience: Suite.startPatience) {
                process.isRunning
            }
            guard isReady else {
                let what = process.isRunning ? "was not ready within \(Suite.startPatience)" : "\(await process.exit)"
                throw Failure("\(program.rawValue) \(what)\n\(home.logTail(of: program))")
            }
            let seconds = Format.seconds(ContinuousClock.now - began)
            report("\(Format.left(program.rawValue, 14)) ready in \(seconds) at \(addresses[program])")
            watch(program, process)
        }
        report("all five are ready after \(Format.seconds(ContinuousClock.now - started))")
    }

    private func spawn(_ program: ServiceProgram) throws -> ChildProcess {
        let process = try ChildProcess(
            executable: "\(binaries)/\(program.rawValue)", environment: environment(of: program),
            log: home.log(of: program))
        processes[program] = process
        try home.write("\(process.pid)\n", to: home.pidFile(of: program))
        return process
    }

    private func environment(of program: ServiceProgram) -> [String: String] {
        var variables = Environment.all
        variables["RAPPORT_MODE"] = "development"
        variables["RAPPORT_HOME"] = home.path
        variables["RAPPORT_LISTEN"] = addresses[program]
        variables["RAPPORT_DATA"] = home.data(of: program)
        variables["RAPPORT_KEYS"] = home.keys
        for other in ServiceProgram.allCases {
            if let variable = other.addressVariable { variables[variable] = addresses[other] }
        }
        return variables
    }

    private func watch(_ program: ServiceProgram, _ first: ChildProcess) {
        watchers.append(
            Task {
                var process = first
                var delay = Suite.firstRestartDelay
                while true {
                    let began = ContinuousClock.now
                    let exit = await process.exit
                    if isStopping { return }
                    report("\(program.rawValue) \(exit); the end of its log:\n\(home.logTail(of: program))")
                    if ContinuousClock.now - began > .seconds(60) { delay = Suite.firstRestartDelay }
                    report("\(program.rawValue) starts again in \(Format.seconds(delay))")
                    try? await Task.sleep(for: delay)
                    delay = min(delay * 2, Suite.lastRestartDelay)
                    if isStopping { return }
                    do {
                        process = try spawn(program)
                    } catch {
                        report("\(error)")
                        return
                    }
                }
            })
    }

    /// The gateway first, so that it drains while those it calls still live; then the others together.
    /// Answers the programs that had to be killed.
    func stop() async -> [ServiceProgram] {
        isStopping = true
        for watcher in watchers { watcher.cancel() }
        var killed: [ServiceProgram] = []
        if let gateway = processes[.gateway], !(await gateway.stop(grace: Suite.stopGrace)) { killed.append(.gateway) }
        await withTaskGroup(of: ServiceProgram?.self) { group in
            for (program, process) in processes where program != .gateway {
                group.addTask { await process.stop(grace: Suite.stopGrace) ? nil : program }
            }
            for await program in group { if let program { killed.append(program) } }
        }
        for program in processes.keys { home.remove(home.pidFile(of: program)) }
        return killed
    }
}
