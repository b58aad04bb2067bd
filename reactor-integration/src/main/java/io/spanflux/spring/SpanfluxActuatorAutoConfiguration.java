// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.spanflux.Spanflux;
import io.spanflux.config.SdkVersion;
import io.spanflux.pipeline.Ledger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.springframework.boot.actuate.autoconfigure.info.ConditionalOnEnabledInfoContributor;
import org.springframework.boot.actuate.info.InfoContributor;
import org.springframework.boot.autoconfigure.AutoConfiguration;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBean;
import org.springframework.boot.autoconfigure.condition.ConditionalOnBooleanProperty;
import org.springframework.boot.autoconfigure.condition.ConditionalOnClass;
import org.springframework.boot.autoconfigure.condition.ConditionalOnMissingBean;
import org.springframework.boot.health.autoconfigure.contributor.ConditionalOnEnabledHealthIndicator;
import org.springframework.boot.health.contributor.Health;
import org.springframework.boot.health.contributor.HealthIndicator;
import org.springframework.context.annotation.Bean;
import org.springframework.context.annotation.Configuration;

/** What Actuator shows: how each exporter fares and its ledger as details of health, and a few facts as info. */
@AutoConfiguration(after = SpanfluxAutoConfiguration.class)
@ConditionalOnBean(Spanflux.class)
@ConditionalOnBooleanProperty(name = "spanflux.enabled", matchIfMissing = true)
public final class SpanfluxActuatorAutoConfiguration {
    /** For Spring. */
    public SpanfluxActuatorAutoConfiguration() {}

    /** Always up: an application that cannot deliver its traces must not be taken out of service for it. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass({HealthIndicator.class, ConditionalOnEnabledHealthIndicator.class})
    static class HealthConfiguration {
        @Bean
        @ConditionalOnEnabledHealthIndicator("spanflux")
        @ConditionalOnMissingBean(name = "spanfluxHealthIndicator")
        HealthIndicator spanfluxHealthIndicator(Spanflux spanflux) {
            return () -> Health.up()
                    .withDetail("liveSpans", spanflux.tracer().liveSpans())
                    .withDetail("exporters", exporters(spanflux))
                    .build();
        }

        private static List<Map<String, Object>> exporters(Spanflux spanflux) {
            List<Ledger> ledgers = spanflux.ledgers();
            List<io.spanflux.pipeline.Health> healths = spanflux.healths();
            return IntStream.range(0, ledgers.size())
                    .mapToObj(i -> shown(healths.get(i), ledgers.get(i)))
                    .toList();
        }

        private static Map<String, Object> shown(io.spanflux.pipeline.Health health, Ledger ledger) {
            Map<String, Object> shown = new LinkedHashMap<>();
            shown.put("status", health.status());
            shown.put("since", health.since());
            if (!health.reason().isEmpty()) {
                shown.put("reason", health.reason());
            }
            shown.put("accepted", ledger.accepted());
            shown.put("sent", ledger.sent());
            shown.put("rejected", ledger.rejected());
            shown.put("dropped", ledger.dropped());
            shown.put("spooled", ledger.spooled());
            shown.put("pending", ledger.pending());
            return shown;
        }
    }

    /** The version and what is on. */
    @Configuration(proxyBeanMethods = false)
    @ConditionalOnClass({InfoContributor.class, ConditionalOnEnabledInfoContributor.class})
    static class InfoConfiguration {
        @Bean
        @ConditionalOnEnabledInfoContributor("spanflux")
        @ConditionalOnMissingBean(name = "spanfluxInfoContributor")
        InfoContributor spanfluxInfoContributor(Spanflux spanflux) {
            return info -> info.withDetail(
                    "spanflux",
                    Map.of(
                            "version", SdkVersion.get(),
                            "enabled", spanflux.tracer().isEnabled(),
                            "exporters", spanflux.ledgers().size(),
                            "metrics", spanflux.metrics() != null,
                            "content", spanflux.contentPolicy().capture()));
        }
    }
}
