// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.wire.spect;

/** Attributes that say what Spect has a place for and the conventions have not. Other exporters send them as they are. */
public final class SpectAttributes {
    /** The {@code kind} of a span record, where it is not to follow from what the span is about. */
    public static final String KIND = "spect.kind";

    /** {@code error.code} of a span that failed, a text or a number. */
    public static final String ERROR_CODE = "spect.error.code";

    /** {@code subagent.source} of an agent below another. */
    public static final String SUBAGENT_SOURCE = "spect.subagent.source";

    /** What follows this on a root span is a member of {@code metadata.result}. */
    public static final String RESULT_PREFIX = "spect.result.";

    private SpectAttributes() {}
}
