// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.config;

import java.io.IOException;
import java.io.InputStream;
import java.util.Properties;

/** The version of this library, which back ends see as {@code telemetry.sdk.version} and in the User-Agent. */
public final class SdkVersion {
    private static final String VERSION = read();

    private SdkVersion() {}

    /** For example {@code 0.1.0}; {@code unknown} where the library was repackaged without its resources. */
    public static String get() {
        return VERSION;
    }

    private static String read() {
        try (InputStream in = SdkVersion.class.getResourceAsStream("version.properties")) {
            if (in != null) {
                Properties properties = new Properties();
                properties.load(in);
                return properties.getProperty("version", "unknown");
            }
        } catch (IOException e) {
            // A version is not worth a failed start.
        }
        return "unknown";
    }
}
