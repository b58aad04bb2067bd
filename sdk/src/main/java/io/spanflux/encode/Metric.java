// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.encode;

import java.util.List;

/** A metric, as it is exported. */
public sealed interface Metric permits Histogram, Sum {
    /** The name. */
    String name();

    /** What is measured. */
    String description();

    /** The unit, in UCUM. */
    String unit();

    /** What time the points are about. */
    Temporality temporality();

    /** One for each set of attributes. */
    List<?> points();
}
