//! scratch
use http::{HeaderMap,HeaderValue,Method}; use smsload_mock::*; use serde_json::{json,Value}; use std::time::{Duration,Instant};
use tokio::io::{AsyncReadExt,AsyncWriteExt};
fn rss()->String{ std::fs::read_to_string("/proc/self/status").unwrap().lines().filter(|l|l.starts_with("VmRSS")||l.starts_with("VmHWM")).collect::<Vec<_>>().join(" ") }
fn body(n:u64)->String{   let mut c = n%2000; if matches!(c%1000,404|204|503) {c+=1;}
json!({"device_unicode":"34020000001110000228","source_type":"3","channel":format!("3402000000132{c:07}"),"start_time":"2025-04-04T21:36:17","end_time":"2025-05-04T21:36:27"}).to_string() }
fn main(){
 let a=std::env::args().nth(1).unwrap();
 if a=="mem" {
  let mock=Mock::new(Settings::default()).unwrap();
  let mut headers=HeaderMap::new(); headers.insert("content-type",HeaderValue::from_static("application/json"));
  println!("{}",rss());
  let t=Instant::now();
  for n in 0..1_000_000u64 {
   let body=body(n);
   let ans=mock.answer(&Request{method:&Method::POST,path:"/api/smsload/playback/v1/download",query:"",headers:&headers,body:body.as_bytes()});
   assert_eq!(ans.outcome,Outcome::Started);
  }
  println!("{:?} {} {}",t.elapsed(),mock.job_count(),rss()); return;
 }
 let rt=||tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
 let (srt,crt)=(rt(),rt());
 let srv; let addr;
 if a=="mock" { let s=srt.block_on(MockServer::builder().limits(Limits{max_jobs:4_000_000,..Limits::default()}).start()).unwrap(); addr=s.addr(); srv=Some(s);} else {
  srv=None;
  let l=srt.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap(); addr=l.local_addr().unwrap();
  let app=axum::Router::new().route("/api/smsload/playback/v1/download",axum::routing::post(async |axum::Json(v):axum::Json<Value>| axum::Json(json!({"code":"0","message":"","data":{"stream_id":v["channel"],"playback_duration":"10","playback_file_size":"1024"}}))));
  srt.spawn(async move{axum::serve(l,app).await.unwrap()});
 }
 let count=std::sync::Arc::new(std::sync::atomic::AtomicU64::new(0));
 crt.block_on(async{
  for k in 0..32u64 { let count=count.clone(); tokio::spawn(async move{
    let mut s=tokio::net::TcpStream::connect(addr).await.unwrap(); s.set_nodelay(true).unwrap(); let mut buf=vec![0;4096]; let mut n=k*1000;
    loop { n+=1; let b=body(n); let r=format!("POST /api/smsload/playback/v1/download HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{b}",b.len()); s.write_all(r.as_bytes()).await.unwrap(); let got=s.read(&mut buf).await.unwrap(); assert!(buf[..got].starts_with(b"HTTP/1.1 200")&& buf[..got].windows(9).any(|w|w==b"stream_id"),"{}",String::from_utf8_lossy(&buf[..got])); count.fetch_add(1,std::sync::atomic::Ordering::Relaxed);} }); }
  tokio::time::sleep(Duration::from_secs(1)).await; let c=count.load(std::sync::atomic::Ordering::Relaxed);
  tokio::time::sleep(Duration::from_secs(4)).await; println!("{a} {}/s",(count.load(std::sync::atomic::Ordering::Relaxed)-c)/4);
 });
 drop(srv); std::process::exit(0);
}
