// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

/**
 * Spect's wire: one JSON body for each session, posted to a collector of Spect. A session is a local root span and what
 * ends below it. What differs from Spect's own SDK is listed in docs/wire/spect.md.
 */
@NullMarked
package io.spanflux.wire.spect;

import org.jspecify.annotations.NullMarked;
