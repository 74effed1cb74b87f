/// From the start of each executable to the health service's SERVING, and what it then holds in memory.
struct Starts {
    let suite: Suite

    /// Starts all five `times` times, each time in the home that `home` gives, and leaves the last ones running.
    func measure(_ what: String, times: Int, home: (Int) async throws -> Home) async throws -> Section {
        var durations: [Service: [Double]] = [:]
        var resident: [Service: [Double]] = [:]
        for time in 0..<times {
            Console.progress("start to ready, \(what), \(time + 1) of \(times)")
            await suite.stop()
            for (service, duration) in try await suite.start(in: try await home(time)) {
                durations[service, default: []].append(duration.inMilliseconds)
            }
            for service in Service.allCases {
                resident[service, default: []].append(suite.residentBytes(of: service))
            }
        }
        var section = Section("Start to ready, \(what), and resident memory then, medians of \(times) starts")
        for service in Service.allCases {
            let (time, memory) = (Percentiles(durations[service] ?? []), Percentiles(resident[service] ?? []).median)
            section.line(
                "\(Format.left(service.rawValue, 14)) \(Format.right(Format.milliseconds(time.median), 9)) "
                    + "(max \(Format.milliseconds(time.largest)))   \(Format.right(Format.megabytes(memory), 10))")
            section.value("start.\(what).\(service.rawValue).ms", time.median)
            section.value("memory.\(what).\(service.rawValue).bytes", memory)
        }
        return section
    }
}

/// What the services hold in memory after they have worked.
struct Memory {
    let suite: Suite

    func measure() -> Section {
        var section = Section("Resident memory after everything above")
        for service in Service.allCases {
            let bytes = suite.residentBytes(of: service)
            section.line("\(Format.left(service.rawValue, 14)) \(Format.right(Format.megabytes(bytes), 10))")
            section.value("memory.worked.\(service.rawValue).bytes", bytes)
        }
        return section
    }
}
