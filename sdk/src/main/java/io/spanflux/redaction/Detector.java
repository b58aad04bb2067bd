// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.redaction;

/** Recognises one kind of secret at one position. Stateless. */
interface Detector {
    /** The length of what begins at the window's position, keyword included; 0 when nothing of this kind does. */
    int lengthAt(Window window);
}
