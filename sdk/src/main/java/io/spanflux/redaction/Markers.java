// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.redaction;

/** What stands where something was taken out. Built of characters that no detector takes for part of a secret. */
final class Markers {
    /** For a text or value that could not be processed. */
    static final String FAILED = "[redaction failed]";

    /** For what lies beyond the longest text that is processed. */
    static final String TOO_LONG = "[redacted:too_long]";

    /** For what lies deeper than values are looked into. */
    static final String TOO_DEEP = "[redacted:too_deep]";

    /** For a value whose key is on the list. */
    static final String KEY = "[redacted:key]";

    private Markers() {}

    static String of(String label) {
        return "[redacted:" + label + ']';
    }
}
