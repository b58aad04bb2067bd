// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import java.io.IOException;
import java.io.OutputStream;
import java.util.Map;

/**
 * A request body that is written anew for each attempt to send it, piece by piece while it leaves, so that it is never
 * held as a whole and nothing has to be released when an attempt fails before it began.
 */
public interface Payload {
    /** The media type. */
    String contentType();

    /**
     * Headers of this body, over those of the sender with the same name; as secret as those. Asked for once for each
     * attempt, on the sender's event loop. Default none.
     */
    default Map<String, String> headers() {
        return Map.of();
    }

    /**
     * When this was first attempted, which a sender that gives up by age asks once for each subscription, at its first
     * attempt: {@code nowNanos}, unless it answered before. Bodies that carry parts of one batch, or a batch anew, share
     * their answer. Default: each subscription is a new body.
     */
    default long firstAttempt(long nowNanos) {
        return nowNanos;
    }

    /** Begins to write the body to {@code out}, on the sender's event loop. */
    Writing begin(OutputStream out) throws IOException;

    /** A body being written. One thread at a time. */
    interface Writing {
        /** Writes the next piece; false when there was none left and the body is complete and flushed. */
        boolean writeNext() throws IOException;
    }
}
