// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.test;

import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * Reads all that was logged by every test of every module, at every level, for the keys and passwords that tests hand to
 * the library. Found by JUnit by itself. A test that plants a secret uses one of these words.
 */
public final class LogSecretsGuard implements AfterAllCallback {
    private static final Pattern PLANTED = Pattern.compile(
            "hunter2|s3cret|secret-key|secret-token|sk-(very-)?secret|sk-trace-|sk-default-|sk-late|planted");

    private static LogCapture unread = LogCapture.start();

    /** What was logged since the last call and holds a planted secret, as texts that do. */
    static synchronized List<String> takeLeaks() {
        List<LogCapture.Event> events = List.copyOf(unread.events());
        unread = LogCapture.start();
        return events.stream()
                .map(LogSecretsGuard::whole)
                .filter(text -> PLANTED.matcher(text).find())
                .toList();
    }

    /** With the messages of all causes: an appender prints them. */
    private static String whole(LogCapture.Event event) {
        StringBuilder text = new StringBuilder(event.toString());
        int depth = 0;
        for (Throwable cause = event.cause(); cause != null && depth < 20; cause = cause.getCause(), depth++) {
            text.append(' ').append(cause);
            for (Throwable suppressed : cause.getSuppressed()) {
                text.append(' ').append(suppressed);
            }
        }
        return text.toString();
    }

    @Override
    public void afterAll(ExtensionContext context) {
        List<String> leaks = takeLeaks();
        if (!leaks.isEmpty()) {
            throw new AssertionError(leaks.size() + " log line(s) with a secret, the first: " + leaks.get(0));
        }
    }
}
