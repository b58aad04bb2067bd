// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.transport;

import java.io.IOException;
import java.io.OutputStream;

/** Compresses one body on its way into a stream that it never closes. One thread at a time. */
interface Compressor {
    /** Takes the body. */
    OutputStream stream();

    /** Writes what is held back, and the end. */
    void finish() throws IOException;

    /** Frees native memory now, of a finished body or of one given up; the collector would find it later or never. */
    void release();
}
