import MartletCLI

/// One line on standard error that says what is being measured now; nothing unless a person is looking.
enum StatusLine {
    static func show(_ text: String) {
        redraw(String(text.prefix(StandardStream.error.width - 1)))
    }

    static func clear() { redraw("") }

    private static func redraw(_ text: String) {
        if StandardStream.error.isTerminal { StandardStream.error.write("\r\u{1B}[K" + text) }
    }
}
