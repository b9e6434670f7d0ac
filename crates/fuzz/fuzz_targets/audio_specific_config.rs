//! AudioSpecificConfig (ISO/IEC 14496-3 section 1.6.2.1) and OpusHead (RFC 7845 section 5.1).
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use rtmp_gateway_media::{AacConfig, OpusConfig};

fuzz_target!(|input: &[u8]| {
    if let Ok(config) = AacConfig::parse(Bytes::copy_from_slice(input)) {
        assert!(config.sample_rate() > 0 && config.core_sample_rate() > 0);
        assert!((1..=8).contains(&config.channels()));
        assert!(matches!(config.frame_length(), 960 | 1024));
        assert_eq!(AacConfig::parse(config.record().clone()).as_ref(), Ok(&config));
    }
    if let Ok(config) = OpusConfig::parse_head(input) {
        assert_eq!(OpusConfig::parse_head(&config.head()), Ok(config));
    }
});
