// Copyright The Spanflux Authors
// SPDX-License-Identifier: Apache-2.0

package io.spanflux.spring;

import io.spanflux.Spanflux;
import io.spanflux.config.SdkVersion;
import io.spanflux.pipeline.Ledger;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
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

/** What Actuator shows: the ledger of each exporter as details of health, and a few facts as info. */
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
                    .withDetail("exporters", shown(spanflux.ledgers()))
                    .build();
        }

        private static List<Map<String, Object>> shown(List<Ledger> ledgers) {
            return ledgers.stream().map(HealthConfiguration::shown).toList();
        }

        private static Map<String, Object> shown(Ledger ledger) {
            Map<String, Object> shown = new LinkedHashMap<>();
            shown.put("accepted", ledger.accepted());
            shown.put("sent", ledger.sent());
            shown.put("rejected", ledger.rejected());
            shown.put("dropped", ledger.dropped());
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
