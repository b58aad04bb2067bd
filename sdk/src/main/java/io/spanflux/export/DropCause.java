// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.export;

/** Why a span that was accepted did not arrive. */
public enum DropCause {
    /** The queue was full and this was the oldest. Raise {@code maxQueueSize} or sample. */
    QUEUE_FULL,
    /** The queue held too many bytes and this was the oldest. Raise {@code maxQueueBytes} or capture less content. */
    BYTES_FULL,
    /** The server refused it with a status that trying again does not change. */
    REFUSED,
    /** The server could not be reached or was overloaded until the batch, or its entry in the spool, was too old. */
    TIMED_OUT,
    /** The spool was full and this was the oldest in it. Raise {@code maxBytes}. */
    SPOOL_FULL,
    /** It waited in the spool, where its file could not be read again. */
    SPOOL_DAMAGED,
    /** It could not be encoded. */
    UNENCODABLE,
    /** It could not be written to its file. Make room on the disk, or mend the folder. */
    UNWRITABLE,
    /** The exporter failed in a way it did not explain. */
    EXPORTER_FAILED,
    /** The tail sampler decided against its trace: not a loss, but what was asked for. */
    SAMPLED_OUT,
    /** The exporter is switched off: not a loss, but what was asked for. */
    DISABLED,
    /** It ended after {@code close()}, or was still waiting then. */
    AFTER_CLOSE
}
