// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring.models;

/**
 * What one provider's API says of a call; one object a call, which may remember what the parts of a stream say.
 *
 * <p>Threads: one at a time.
 */
interface ModelApi {
    /** Describes the request. */
    void request(Outline request, CallSpan call);

    /** Describes the answer, or what an event of it adds. */
    void answer(Outline answer, CallSpan call);
}
