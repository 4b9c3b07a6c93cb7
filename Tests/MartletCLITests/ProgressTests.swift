import MartletCLI
import Testing

struct ProgressTests {
    @Test func `a line has bar, percent, count, rate and time left`() {
        let progress = Progress(items: 1500, fraction: 0.75, elapsed: .seconds(3))
        #expect(
            progress.line(label: "importing", noun: "orders", width: 80)
                == "importing  ██████████████████████░░░░░░░░  75 %  1,500 orders  500/s  0:01 left")
    }

    @Test func `what was done before the time began says nothing about the time that is left`() {
        let progress = Progress(items: 10, fraction: 0.6, elapsed: .seconds(2), fractionBefore: 0.5)
        #expect(abs((progress.remaining ?? .zero) / .seconds(1) - 8) < 0.001)
    }

    @Test func `without a known end there is no bar`() {
        let progress = Progress(items: 7, fraction: nil, elapsed: .seconds(2))
        #expect(progress.line(label: "importing", noun: "orders", width: 80) == "importing  7 orders  3/s")
    }

    @Test func `a narrow terminal gets no bar and no second line`() {
        let progress = Progress(items: 1500, fraction: 0.5, elapsed: .seconds(3))
        #expect(progress.line(label: "importing", noun: "orders", width: 30) == "importing  50 %  1,500 orders ")
        #expect(progress.line(label: "importing", noun: "orders", width: 0).isEmpty)
    }

    @Test(arguments: [0, 1, 2, .nan, -1, .infinity] as [Double])
    func `a fraction that is none does no harm`(fraction: Double) {
        let progress = Progress(items: 0, fraction: fraction, elapsed: .zero)
        #expect(progress.line(label: "x", noun: "y", width: 80).count <= 80)
    }

    @Test(arguments: [
        (0, "0"), (999, "999"), (1000, "1,000"), (-1_234_567, "-1,234,567"), (Int.min, "-9,223,372,036,854,775,808"),
    ])
    func `thousands are set apart`(number: Int, text: String) {
        #expect(number.grouped == text)
    }
}
