import Foundation
import Glibc
import RoostCrashReport
import Testing

@testable import RoostCrash
@testable import RoostSymbols

/// Names for places in real files.
@Suite struct SymbolsTests {
    static let app = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        .appendingPathComponent("census-test-app").path
    private static let start: UInt64 = 0x1000_0000

    private func stacks(_ offsets: [UInt64], build: BuildID? = nil) -> RawStacks {
        let size = UInt64((try? FileManager.default.attributesOfItem(atPath: Self.app)[.size] as? Int) ?? 0)
        return RawStacks(
            threads: [.init(id: 1, name: "x", frames: offsets.map { Self.start + $0 })],
            images: [.init(path: Self.app, start: Self.start, end: Self.start + size, build: build)])
    }

    /// A file that another build has replaced says something else about the same places.
    @Test func anotherBuildIsNotBelieved() throws {
        let build = try #require(BuildID(file: Self.app))
        let offsets = try places(200, seed: 5)
        let known = FrameNames.find(stacks(offsets, build: build))
        #expect(known.problem == nil)
        #expect(known.threads(of: stacks(offsets, build: build))[0].frames.contains { $0.symbol != nil })

        let other = stacks(offsets, build: BuildID(rawValue: "0badc0de"))
        let unknown = FrameNames.find(other)
        #expect(unknown.problem?.contains("census-test-app: the file has another build now") == true)
        let thread = unknown.threads(of: other)[0]
        #expect(
            thread.frames.count == 200 && thread.frames.allSatisfy { $0.symbol == nil && $0.image == "census-test-app" }
        )
    }

    @Test func theBuildInMemoryIsThatOfTheFile() throws {
        let libc = try #require(ProcessDoor.images().first { $0.name.hasPrefix("libc.so") })
        let build = try #require(BuildID(at: libc.start))
        #expect(build == BuildID(file: libc.path) && build.rawValue.count >= 16)
        #expect(BuildID(at: 0x10) == nil && BuildID(file: "/proc/self/maps") == nil)
    }

    /// What the runtime's symboliser says, which reads everything, the quick reader says as well.
    @Test func theQuickReaderSaysWhatTheRuntimeSays() throws {
        let offsets = try places(400, seed: UInt64.random(in: 1...UInt64.max))
        let stacks = stacks(offsets)
        let wanted = Dictionary(
            stacks.distinctAddresses.compactMap { address in
                CodePlace(address.value, isReturnAddress: true, in: stacks).map { ($0, address.value) }
            }
        ) { $1 }
        let places = Array(wanted.keys)
        // Each a return address: the first of a stack is none.
        let all = RawStacks(
            threads: [.init(id: 1, name: "x", frames: [Self.start] + wanted.values)], images: stacks.images)
        let slow = try RuntimeSymbols.frames(at: wanted, stacks.images, all) { $0.path }
        let quick = try #require(CodeFile.frames(at: places, path: Self.app))
        var compared = 0
        var lines = 0
        for (place, frames) in zip(places, quick) {
            guard let others = slow[place], let function = others.last?.symbol, let own = frames.last?.symbol else {
                continue
            }
            compared += 1
            #expect(own == function || names(at: place, both: [own, function]), "\(place.offset): \(own), \(function)")
            guard let line = others.first?.line, let ownLine = frames.first?.line else { continue }
            lines += 1
            #expect(ownLine == line, "\(place.offset): \(frames), \(others)")
        }
        #expect(compared > 200 && lines > 100)
    }

    /// What the linker adds behind the first function has no size; it is not the name of what lies between two functions.
    @Test func aLabelWithoutASizeEndsWhereAFunctionBegins() throws {
        let header = try #require(FileHandle(forReadingAtPath: Self.app)).readData(ofLength: 32)
        // Where the program begins, `_start`; the labels follow. The file's first parts lie in memory as they do in the file.
        let entry = (0..<8).reduce(UInt64(0)) { $0 | UInt64(header[24 + $1]) << (8 * $1) }
        let offsets = (0..<8_000).map { entry + $0 }
        let stacks = stacks(offsets)
        let places = offsets.compactMap { CodePlace(Self.start + $0, isReturnAddress: true, in: stacks) }
        let frames = try #require(CodeFile.frames(at: places, path: Self.app))
        var named: [String: [UInt64]] = [:]
        for (place, frames) in zip(places, frames) {
            if let name = frames.last?.symbol { named[name, default: []].append(place.offset) }
        }
        #expect(named.count > 8, "\(named.keys)")
        for label in ["_start", "register_tm_clones", "frame_dummy"] {
            let all = try #require(named[label], "\(label) is not found behind the entry")
            #expect(all[all.count - 1] - all[0] < 80, "\(label) is said to be from \(all[0]) to \(all[all.count - 1])")
        }
    }

    /// Two symbols may stand at one address; either names it.
    private func names(at place: CodePlace, both names: [String]) -> Bool {
        Set(names.map { $0.split(separator: " ").last ?? "" }).count <= 2
            && names.contains { $0.contains("@objc") || $0.contains("merged") || $0.contains("__") }
    }

    /// Places in functions of the program.
    private func places(_ count: Int, seed: UInt64) throws -> [UInt64] {
        print("places with seed \(seed)")
        let size = try #require(try FileManager.default.attributesOfItem(atPath: Self.app)[.size] as? Int)
        var state = seed | 1
        var found: [UInt64] = []
        while found.count < count {
            let some = (0..<count).map { _ in
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return (state >> 16) % UInt64(size) + 1
            }
            let stacks = stacks(some)
            let places = some.compactMap { CodePlace(Self.start + $0, isReturnAddress: true, in: stacks) }
            let frames = try #require(CodeFile.frames(at: places, path: Self.app))
            found += zip(some, frames).filter { $1.contains { $0.line != nil } }.map(\.0)
        }
        return Array(found.prefix(count))
    }

    /// Bytes that are not what they were: less is said, and nothing else happens.
    @Test func aDamagedFileDoesNoHarm() throws {
        let seed = UInt64.random(in: 1...UInt64.max)
        print("damage with seed \(seed)")
        var state = seed | 1
        func random(_ below: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 16) % UInt64(below))
        }
        let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Self.app)))
        let offsets = try places(50, seed: seed)
        let stacks = stacks(offsets)
        let places = offsets.compactMap { CodePlace(Self.start + $0, isReturnAddress: true, in: stacks) }
        let file = NSTemporaryDirectory() + "roost-damaged-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: file) }
        for round in 0..<12 {
            var bytes = whole
            for _ in 0..<(1 << round) { bytes[64 + random(bytes.count - 64)] = UInt8(random(256)) }
            if round % 3 == 2 { bytes.removeLast(random(bytes.count / 2)) }
            try Data(bytes).write(to: URL(fileURLWithPath: file))
            _ = CodeFile.frames(at: places, path: file)
            _ = BuildID(file: file)
        }
        #expect(CodeFile.frames(at: places, path: "/proc/self/maps") == nil)
        #expect(CodeFile.frames(at: places, path: "/nowhere") == nil)
    }
}
